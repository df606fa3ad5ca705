-- One row per identity at $as_of: the customer table. Days are counted apart: most readers of recency, orders and money need none.
WITH days AS (
    SELECT identity_id, order_day
    FROM counted
    WHERE NOT is_return
    GROUP BY identity_id, order_day
),
per_identity AS (
    SELECT CAST(identity_id AS VARCHAR) AS identity_id, count(*) AS order_days
    FROM days
    GROUP BY identity_id
)
SELECT
    CAST(r.identity_id AS VARCHAR) AS identity_id,
    CAST(r.first_order_day AS DATE) AS first_order_day,
    CAST(r.last_order_day AS DATE) AS last_order_day,
    CAST(r.recency_days AS INTEGER) AS recency_days,
    CAST(r.tenure_days AS INTEGER) AS tenure_days,
    CAST(r.orders AS BIGINT) AS orders,
    CAST(coalesce(d.order_days, 0) AS BIGINT) AS order_days,
    CAST(r.gross_amount AS DOUBLE) AS gross_amount,
    CAST(r.returned_amount AS DOUBLE) AS returned_amount,
    CAST(r.net_amount AS DOUBLE) AS net_amount,
    CAST(r.average_order_amount AS DOUBLE) AS average_order_amount
FROM rfm AS r
LEFT JOIN per_identity AS d ON d.identity_id = r.identity_id
