-- One row per identity at $as_of. A return lowers money on its own day, is never an order and never moves a day.
WITH counted AS (
    SELECT s.order_id, s.customer_id, s.order_day, s.amount, s.is_return
    FROM sales AS s
    WHERE s.order_day < CAST($as_of AS DATE)
      AND s.order_day >= CAST($window_start AS DATE)
      AND s.excluded_by IS NULL
      AND s.customer_id IS NOT NULL
      AND NOT (s.is_return AND $returns = 'exclude')
      AND NOT (s.is_zero AND NOT s.is_return AND $zero = 'exclude')
),
per_order AS (
    SELECT
        customer_id,
        order_id,
        order_day,
        max(CASE WHEN is_return THEN 0 ELSE 1 END) AS is_order,
        sum(CASE WHEN is_return THEN CAST(0 AS DECIMAL(18,2)) ELSE amount END) AS gross_amount,
        sum(CASE WHEN is_return THEN amount ELSE CAST(0 AS DECIMAL(18,2)) END) AS returned_amount
    FROM counted
    GROUP BY customer_id, order_id, order_day
),
per_identity AS (
    SELECT
        m.identity_id,
        min(CASE WHEN p.is_order = 1 THEN p.order_day END) AS first_order_day,
        max(CASE WHEN p.is_order = 1 THEN p.order_day END) AS last_order_day,
        count(DISTINCT CASE WHEN p.is_order = 1 THEN p.order_id END) AS orders,
        count(DISTINCT CASE WHEN p.is_order = 1 THEN p.order_day END) AS order_days,
        sum(p.gross_amount) AS gross_amount,
        sum(p.returned_amount) AS returned_amount
    FROM per_order AS p
    JOIN identity_map AS m ON m.id_type = 'customer' AND m.id_value = p.customer_id
    GROUP BY m.identity_id
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(first_order_day AS DATE) AS first_order_day,
    CAST(last_order_day AS DATE) AS last_order_day,
    CAST(date_diff('day', last_order_day, CAST($as_of AS DATE)) AS INTEGER) AS recency_days,
    CAST(date_diff('day', first_order_day, CAST($as_of AS DATE)) AS INTEGER) AS tenure_days,
    CAST(orders AS BIGINT) AS orders,
    CAST(order_days AS BIGINT) AS order_days,
    CAST(gross_amount AS DOUBLE) AS gross_amount,
    CAST(returned_amount AS DOUBLE) AS returned_amount,
    CAST(gross_amount + returned_amount AS DOUBLE) AS net_amount,
    CAST(CAST(gross_amount + returned_amount AS DOUBLE) / CAST(nullif(orders, 0) AS DOUBLE) AS DOUBLE) AS average_order_amount
FROM per_identity
ORDER BY identity_id
