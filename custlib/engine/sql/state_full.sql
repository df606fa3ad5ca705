-- One row per identity at $as_of, after every order of the state: the full customer table from her sums, gaps, channels and last year's days.
WITH recent AS (
    SELECT
        customer_id,
        sum(CASE WHEN order_day >= CAST($since_30 AS DATE) THEN orders ELSE 0 END) AS orders_30d,
        sum(CASE WHEN order_day >= CAST($since_90 AS DATE) THEN orders ELSE 0 END) AS orders_90d,
        sum(orders) AS orders_365d,
        sum(CASE
            WHEN order_day >= CAST($since_30 AS DATE) THEN gross_amount + returned_amount ELSE CAST(0 AS DECIMAL(18,2))
        END) AS net_amount_30d,
        sum(CASE
            WHEN order_day >= CAST($since_90 AS DATE) THEN gross_amount + returned_amount ELSE CAST(0 AS DECIMAL(18,2))
        END) AS net_amount_90d,
        sum(gross_amount + returned_amount) AS net_amount_365d
    FROM order_days
    WHERE order_day < CAST($as_of AS DATE) AND order_day >= CAST($since_365 AS DATE)
    GROUP BY customer_id
),
summed AS (
    -- what is divided by stays blank where there is none
    SELECT
        s.customer_id,
        s.first_day,
        s.last_day,
        s.orders,
        s.order_days,
        CASE WHEN s.orders > 0 THEN s.orders END AS bought,
        CAST(s.gross_amount AS DECIMAL(38,2)) AS gross_amount,
        CAST(s.returned_amount AS DECIMAL(38,2)) AS returned_amount,
        CAST(s.gross_amount + s.returned_amount AS DECIMAL(38,2)) AS net_amount,
        CASE WHEN $timed = 1 THEN s.night END AS night,
        CASE WHEN $timed = 1 THEN s.office END AS office,
        s.weekend,
        s.line_orders,
        s.sale_lines,
        s.item_orders,
        s.items,
        CASE WHEN $discounted = 1 AND s.orders > 0 THEN s.deal_lines END AS deal_lines,
        CASE WHEN $discounted = 1 AND s.orders > 0 THEN s.taken_off END AS taken_off
    FROM sums AS s
)
SELECT
    CAST(s.customer_id AS VARCHAR) AS identity_id,
    CAST(s.first_day AS DATE) AS first_order_day,
    CAST(s.last_day AS DATE) AS last_order_day,
    CAST(date_diff('day', s.last_day, CAST($as_of AS DATE)) AS INTEGER) AS recency_days,
    CAST(date_diff('day', s.first_day, CAST($as_of AS DATE)) AS INTEGER) AS tenure_days,
    CAST(s.orders AS BIGINT) AS orders,
    CAST(s.order_days AS BIGINT) AS order_days,
    CAST(s.gross_amount AS DOUBLE) AS gross_amount,
    CAST(s.returned_amount AS DOUBLE) AS returned_amount,
    CAST(s.net_amount AS DOUBLE) AS net_amount,
    CAST(CAST(s.net_amount AS DOUBLE) / CAST(nullif(s.orders, 0) AS DOUBLE) AS DOUBLE) AS average_order_amount,
    CAST(CASE WHEN s.orders > 0 THEN h.gaps END AS BIGINT) AS gaps,
    CAST(h.gap_mean_days AS DOUBLE) AS gap_mean_days,
    CAST(h.gap_median_days AS DOUBLE) AS gap_median_days,
    CAST(h.gap_cv AS DOUBLE) AS gap_cv,
    CAST(h.gap_longest_days AS INTEGER) AS gap_longest_days,
    CAST(date_diff('day', s.last_day, CAST($as_of AS DATE)) - 1 AS INTEGER) AS gap_open_days,
    CAST(CASE WHEN s.orders > 0 THEN s.order_days - 1 END AS BIGINT) AS btyd_x,
    CAST(date_diff('day', s.first_day, s.last_day) AS INTEGER) AS btyd_t_x_days,
    CAST(date_diff('day', s.first_day, CAST($as_of AS DATE)) AS INTEGER) AS btyd_t_days,
    CAST(coalesce(r.orders_30d, 0) AS BIGINT) AS orders_30d,
    CAST(coalesce(r.orders_90d, 0) AS BIGINT) AS orders_90d,
    CAST(coalesce(r.orders_365d, 0) AS BIGINT) AS orders_365d,
    CAST(coalesce(r.net_amount_30d, CAST(0 AS DECIMAL(18,2))) AS DOUBLE) AS net_amount_30d,
    CAST(coalesce(r.net_amount_90d, CAST(0 AS DECIMAL(18,2))) AS DOUBLE) AS net_amount_90d,
    CAST(coalesce(r.net_amount_365d, CAST(0 AS DECIMAL(18,2))) AS DOUBLE) AS net_amount_365d,
    CAST(CAST(s.weekend AS DOUBLE) / nullif(CAST(s.bought AS DOUBLE), 0) AS DOUBLE) AS weekend_share,
    CAST(CAST(s.night AS DOUBLE) / nullif(CAST(s.bought AS DOUBLE), 0) AS DOUBLE) AS night_share,
    CAST(CAST(s.office AS DOUBLE) / nullif(CAST(s.bought AS DOUBLE), 0) AS DOUBLE) AS business_hours_share,
    CAST(CASE WHEN h.channels > 0 THEN h.channels END AS BIGINT) AS channels,
    CAST(h.top_channel AS VARCHAR) AS top_channel,
    CAST(h.top_channel_share AS DOUBLE) AS top_channel_share,
    CAST(NULL AS BIGINT) AS categories,
    CAST(NULL AS VARCHAR) AS top_category,
    CAST(NULL AS DOUBLE) AS top_category_share,
    CAST(CASE WHEN s.line_orders > 0 THEN s.sale_lines END AS BIGINT) AS sale_lines,
    CAST(CAST(s.sale_lines AS DOUBLE) / nullif(CAST(s.line_orders AS DOUBLE), 0) AS DOUBLE) AS average_basket_lines,
    CAST(CAST(s.items AS DOUBLE) / nullif(CAST(s.item_orders AS DOUBLE), 0) AS DOUBLE) AS average_basket_items,
    CAST(CAST(s.deal_lines AS DOUBLE) / nullif(CAST(s.sale_lines AS DOUBLE), 0) AS DOUBLE) AS deal_line_share,
    CAST(CAST(s.taken_off AS DOUBLE) / nullif(CAST(s.gross_amount + s.taken_off AS DOUBLE), 0) AS DOUBLE) AS deal_amount_share
FROM summed AS s
LEFT JOIN shapes AS h ON h.customer_id = s.customer_id
LEFT JOIN recent AS r ON r.customer_id = s.customer_id
