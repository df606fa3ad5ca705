-- One row per pair of products bought in one order by at least $min_orders orders; orders without a customer are baskets too.
WITH sold AS (
    SELECT order_id, product_id
    FROM sales
    WHERE order_day < CAST($as_of AS DATE)
      AND order_day >= CAST($window_start AS DATE)
      AND excluded_by IS NULL
      AND NOT is_return
      AND NOT (is_zero AND $zero = 'exclude')
      AND product_id IS NOT NULL
    GROUP BY order_id, product_id
),
baskets AS (
    SELECT order_id FROM sold GROUP BY order_id
),
total AS (
    SELECT count(*) AS baskets FROM baskets
),
common AS (
    SELECT product_id, count(*) AS orders
    FROM sold
    GROUP BY product_id
    HAVING count(*) >= $min_orders
),
kept AS (
    SELECT s.order_id, s.product_id
    FROM sold AS s
    JOIN common AS c ON c.product_id = s.product_id
),
together AS (
    SELECT one.product_id AS product_a, other.product_id AS product_b, count(*) AS orders
    FROM kept AS one
    JOIN kept AS other ON other.order_id = one.order_id AND one.product_id < other.product_id
    GROUP BY one.product_id, other.product_id
    HAVING count(*) >= $min_orders
)
SELECT
    CAST(t.product_a AS VARCHAR) AS product_a,
    CAST(t.product_b AS VARCHAR) AS product_b,
    CAST(t.orders AS BIGINT) AS orders,
    CAST(a.orders AS BIGINT) AS orders_a,
    CAST(b.orders AS BIGINT) AS orders_b,
    CAST(n.baskets AS BIGINT) AS baskets,
    CAST(CAST(t.orders AS DOUBLE) / nullif(CAST(a.orders AS DOUBLE), 0) AS DOUBLE) AS confidence_ab,
    CAST(CAST(t.orders AS DOUBLE) / nullif(CAST(b.orders AS DOUBLE), 0) AS DOUBLE) AS confidence_ba,
    CAST(CAST(t.orders * n.baskets AS DOUBLE) / nullif(CAST(a.orders * b.orders AS DOUBLE), 0) AS DOUBLE) AS lift
FROM together AS t
JOIN common AS a ON a.product_id = t.product_a
JOIN common AS b ON b.product_id = t.product_b
CROSS JOIN total AS n
ORDER BY product_a, product_b
