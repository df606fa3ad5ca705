-- One row per customer and day of `parts` (orders with sign 1: added, or -1: taken away): how orders and money of that day change.
SELECT
    customer_id,
    order_day,
    CAST(sum(sign) AS BIGINT) AS purchases,
    CAST(sum(sign * is_order) AS BIGINT) AS orders,
    CAST(sum(CASE WHEN sign = 1 THEN p.gross_amount ELSE -p.gross_amount END) AS DECIMAL(18,2)) AS gross_amount,
    CAST(sum(CASE WHEN sign = 1 THEN p.returned_amount ELSE -p.returned_amount END) AS DECIMAL(18,2)) AS returned_amount
FROM parts AS p
GROUP BY customer_id, order_day
