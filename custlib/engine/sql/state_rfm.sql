-- One row per identity at $as_of, after every order of the state: recency, orders, money from her sums.
SELECT
    CAST(customer_id AS VARCHAR) AS identity_id,
    CAST(first_day AS DATE) AS first_order_day,
    CAST(last_day AS DATE) AS last_order_day,
    CAST(date_diff('day', last_day, CAST($as_of AS DATE)) AS INTEGER) AS recency_days,
    CAST(date_diff('day', first_day, CAST($as_of AS DATE)) AS INTEGER) AS tenure_days,
    CAST(orders AS BIGINT) AS orders,
    CAST(CAST(gross_amount AS DECIMAL(38,2)) AS DOUBLE) AS gross_amount,
    CAST(CAST(returned_amount AS DECIMAL(38,2)) AS DOUBLE) AS returned_amount,
    CAST(CAST(gross_amount + returned_amount AS DECIMAL(38,2)) AS DOUBLE) AS net_amount,
    CAST(CAST(CAST(gross_amount + returned_amount AS DECIMAL(38,2)) AS DOUBLE) / CAST(nullif(orders, 0) AS DOUBLE) AS DOUBLE) AS average_order_amount
FROM sums
