-- One row per order line: the finest grain at which money is known. Order facts come from the line's order.
SELECT
    o.customer_id,
    l.order_id,
    o.order_day,
    -- a return booked as a positive amount lowers money all the same
    CASE WHEN o.is_return AND l.net_amount > 0 THEN -l.net_amount ELSE l.net_amount END AS amount,
    l.is_zero,
    (l.is_return OR o.is_return) AS is_return,
    coalesce(l.excluded_by, o.excluded_by) AS excluded_by,
    o.order_ts,
    o.channel,
    l.product_id,
    l.quantity,
    l.discount_amount
FROM order_lines AS l
JOIN orders AS o ON o.order_id = l.order_id
