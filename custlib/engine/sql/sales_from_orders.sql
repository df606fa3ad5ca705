-- One row per order, where a data set has no order lines.
SELECT
    customer_id,
    order_id,
    order_day,
    net_amount AS amount,
    is_zero,
    is_return,
    excluded_by
FROM orders
