-- One row per order and side (bought, brought back) of a state: what the other queries take for a row of sales; lines are not kept.
SELECT
    customer_id,
    order_id,
    order_day,
    gross_amount AS amount,
    gross_amount = 0 AS is_zero,
    CAST(0 AS INTEGER) = 1 AS is_return,
    CAST(NULL AS VARCHAR) AS excluded_by,
    order_ts,
    channel,
    CAST(NULL AS VARCHAR) AS product_id,
    CAST(NULL AS DECIMAL(18,4)) AS quantity,
    CASE WHEN discount_known = 1 THEN taken_off END AS discount_amount
FROM order_index
WHERE is_order = 1
UNION ALL
SELECT
    customer_id,
    order_id,
    order_day,
    returned_amount AS amount,
    returned_amount = 0 AS is_zero,
    CAST(1 AS INTEGER) = 1 AS is_return,
    CAST(NULL AS VARCHAR) AS excluded_by,
    order_ts,
    channel,
    CAST(NULL AS VARCHAR) AS product_id,
    CAST(NULL AS DECIMAL(18,4)) AS quantity,
    CASE WHEN discount_known = 1 THEN taken_off END AS discount_amount
FROM order_index
WHERE return_lines > 0
