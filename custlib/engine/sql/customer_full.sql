-- One row per identity: the customer table with everything else that orders and lines tell; what is not known is blank.
SELECT
    CAST(c.identity_id AS VARCHAR) AS identity_id,
    CAST(c.first_order_day AS DATE) AS first_order_day,
    CAST(c.last_order_day AS DATE) AS last_order_day,
    CAST(c.recency_days AS INTEGER) AS recency_days,
    CAST(c.tenure_days AS INTEGER) AS tenure_days,
    CAST(c.orders AS BIGINT) AS orders,
    CAST(c.order_days AS BIGINT) AS order_days,
    CAST(c.gross_amount AS DOUBLE) AS gross_amount,
    CAST(c.returned_amount AS DOUBLE) AS returned_amount,
    CAST(c.net_amount AS DOUBLE) AS net_amount,
    CAST(c.average_order_amount AS DOUBLE) AS average_order_amount,
    CAST(g.gaps AS BIGINT) AS gaps,
    CAST(g.gap_mean_days AS DOUBLE) AS gap_mean_days,
    CAST(g.gap_median_days AS DOUBLE) AS gap_median_days,
    CAST(g.gap_cv AS DOUBLE) AS gap_cv,
    CAST(g.gap_longest_days AS INTEGER) AS gap_longest_days,
    CAST(g.gap_open_days AS INTEGER) AS gap_open_days,
    CAST(g.btyd_x AS BIGINT) AS btyd_x,
    CAST(g.btyd_t_x_days AS INTEGER) AS btyd_t_x_days,
    CAST(g.btyd_t_days AS INTEGER) AS btyd_t_days,
    CAST(w.orders_30d AS BIGINT) AS orders_30d,
    CAST(w.orders_90d AS BIGINT) AS orders_90d,
    CAST(w.orders_365d AS BIGINT) AS orders_365d,
    CAST(w.net_amount_30d AS DOUBLE) AS net_amount_30d,
    CAST(w.net_amount_90d AS DOUBLE) AS net_amount_90d,
    CAST(w.net_amount_365d AS DOUBLE) AS net_amount_365d,
    CAST(t.weekend_share AS DOUBLE) AS weekend_share,
    CAST(t.night_share AS DOUBLE) AS night_share,
    CAST(t.business_hours_share AS DOUBLE) AS business_hours_share,
    CAST(h.channels AS BIGINT) AS channels,
    CAST(h.top_channel AS VARCHAR) AS top_channel,
    CAST(h.top_channel_share AS DOUBLE) AS top_channel_share,
    CAST(k.categories AS BIGINT) AS categories,
    CAST(k.top_category AS VARCHAR) AS top_category,
    CAST(k.top_category_share AS DOUBLE) AS top_category_share,
    CAST(b.sale_lines AS BIGINT) AS sale_lines,
    CAST(b.average_basket_lines AS DOUBLE) AS average_basket_lines,
    CAST(b.average_basket_items AS DOUBLE) AS average_basket_items,
    CAST(d.deal_line_share AS DOUBLE) AS deal_line_share,
    CAST(d.deal_amount_share AS DOUBLE) AS deal_amount_share
FROM customers AS c
LEFT JOIN customer_gaps AS g ON g.identity_id = c.identity_id
LEFT JOIN customer_windows AS w ON w.identity_id = c.identity_id
LEFT JOIN customer_times AS t ON t.identity_id = c.identity_id
LEFT JOIN customer_channels AS h ON h.identity_id = c.identity_id
LEFT JOIN customer_categories AS k ON k.identity_id = c.identity_id
LEFT JOIN customer_baskets AS b ON b.identity_id = c.identity_id
LEFT JOIN customer_deals AS d ON d.identity_id = c.identity_id
