-- One row per customer of `parts` (orders with sign 1: added, or -1: taken away): how each of her sums changes.
WITH placed AS (
    SELECT
        sign,
        customer_id,
        is_order,
        CASE WHEN sign = 1 AND is_order = 1 THEN order_day END AS bought_on,
        CASE WHEN is_order = 1 THEN sign ELSE 0 END AS ordered,
        -- 0 is Monday; a day before the anchor gives a negative remainder
        (date_diff('day', DATE '1970-01-05', order_day) % 7 + 7) % 7 AS weekday,
        hour(order_ts) AS hour_of_day,
        gross_amount,
        returned_amount,
        sale_lines,
        items,
        deal_lines,
        taken_off
    FROM parts
)
SELECT
    customer_id,
    CAST(sum(p.sign) AS BIGINT) AS purchases,
    CAST(sum(p.ordered) AS BIGINT) AS orders,
    min(bought_on) AS first_day,
    max(bought_on) AS last_day,
    CAST(sum(CASE WHEN p.sign = 1 THEN p.gross_amount ELSE -p.gross_amount END) AS DECIMAL(18,2)) AS gross_amount,
    CAST(sum(CASE WHEN p.sign = 1 THEN p.returned_amount ELSE -p.returned_amount END) AS DECIMAL(18,2)) AS returned_amount,
    CAST(sum(CASE WHEN p.weekday >= 5 THEN p.ordered ELSE 0 END) AS BIGINT) AS weekend,
    CAST(sum(CASE WHEN p.hour_of_day >= 22 OR p.hour_of_day < 6 THEN p.ordered ELSE 0 END) AS BIGINT) AS night,
    CAST(sum(CASE WHEN p.weekday < 5 AND p.hour_of_day >= 9 AND p.hour_of_day < 18 THEN p.ordered ELSE 0 END) AS BIGINT) AS office,
    CAST(sum(CASE WHEN p.sale_lines IS NULL THEN 0 ELSE p.ordered * p.sale_lines END) AS BIGINT) AS sale_lines,
    CAST(sum(CASE WHEN p.sale_lines IS NULL THEN 0 ELSE p.ordered END) AS BIGINT) AS line_orders,
    CAST(sum(CASE WHEN p.items IS NULL OR p.ordered = 0 THEN CAST(0 AS DECIMAL(18,4)) WHEN p.ordered = 1 THEN p.items ELSE -p.items END) AS DECIMAL(18,4)) AS items,
    CAST(sum(CASE WHEN p.items IS NULL THEN 0 ELSE p.ordered END) AS BIGINT) AS item_orders,
    CAST(sum(p.ordered * p.deal_lines) AS BIGINT) AS deal_lines,
    CAST(sum(CASE p.ordered WHEN 1 THEN p.taken_off WHEN -1 THEN -p.taken_off ELSE CAST(0 AS DECIMAL(18,2)) END) AS DECIMAL(18,2)) AS taken_off
FROM placed AS p
GROUP BY customer_id
