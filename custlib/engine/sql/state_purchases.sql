-- One row per order of a known customer that counts at $as_of, from the order index of a state.
SELECT
    customer_id AS identity_id,
    order_id,
    order_day,
    order_ts,
    channel,
    is_order,
    gross_amount,
    returned_amount,
    sale_lines,
    items,
    deal_lines,
    taken_off
FROM order_index
WHERE order_day < CAST($as_of AS DATE)
  AND order_day >= CAST($window_start AS DATE)
  AND customer_id IS NOT NULL
