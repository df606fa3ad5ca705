-- One row per order, where a data set has no order lines: products, quantities and discounts of lines are unknown.
SELECT
    customer_id,
    order_id,
    order_day,
    -- a return booked as a positive amount lowers money all the same
    CASE WHEN is_return AND net_amount > 0 THEN -net_amount ELSE net_amount END AS amount,
    is_zero,
    is_return,
    excluded_by,
    order_ts,
    channel,
    CAST(NULL AS VARCHAR) AS product_id,
    CAST(NULL AS DECIMAL(18,4)) AS quantity,
    CAST(NULL AS DECIMAL(18,2)) AS discount_amount
FROM orders
