-- One row per identity at $as_of: recency, orders, money. A return lowers money on its own day, is never an order and never moves a day.
WITH dated AS (
    SELECT identity_id, CASE WHEN is_order = 1 THEN order_day END AS bought_on, gross_amount, returned_amount
    FROM purchases
),
per_identity AS (
    SELECT
        identity_id,
        min(bought_on) AS first_order_day,
        max(bought_on) AS last_order_day,
        count(bought_on) AS orders,
        sum(gross_amount) AS gross_amount,
        sum(returned_amount) AS returned_amount
    FROM dated
    GROUP BY identity_id
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(first_order_day AS DATE) AS first_order_day,
    CAST(last_order_day AS DATE) AS last_order_day,
    CAST(date_diff('day', last_order_day, CAST($as_of AS DATE)) AS INTEGER) AS recency_days,
    CAST(date_diff('day', first_order_day, CAST($as_of AS DATE)) AS INTEGER) AS tenure_days,
    CAST(orders AS BIGINT) AS orders,
    CAST(gross_amount AS DOUBLE) AS gross_amount,
    CAST(returned_amount AS DOUBLE) AS returned_amount,
    CAST(gross_amount + returned_amount AS DOUBLE) AS net_amount,
    CAST(CAST(gross_amount + returned_amount AS DOUBLE) / CAST(nullif(orders, 0) AS DOUBLE) AS DOUBLE) AS average_order_amount
FROM per_identity
