-- One row per sale row that counts at $as_of, where every customer id is an identity of its own (the trivial identity map).
SELECT
    s.customer_id AS identity_id,
    s.order_id,
    s.order_day,
    s.amount,
    s.is_return,
    s.order_ts,
    s.channel,
    s.product_id,
    s.quantity,
    s.discount_amount
FROM sales AS s
WHERE s.order_day < CAST($as_of AS DATE)
  AND s.order_day >= CAST($window_start AS DATE)
  AND s.excluded_by IS NULL
  AND s.customer_id IS NOT NULL
  AND NOT (s.is_return AND $returns = 'exclude')
  AND NOT (s.is_zero AND NOT s.is_return AND $zero = 'exclude')
