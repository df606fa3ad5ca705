-- One row per identity: its scores, classes and tiers from thresholds that are bound; blank scores without an order.
-- What a cell of scores is called comes in as the table `cells`.
WITH placed AS (
    SELECT
        c.identity_id,
        c.recency_days,
        c.orders,
        c.order_days,
        c.net_amount,
        x.seen_days,
        x.exposure_days,
        x.order_rate,
        round(c.net_amount * 100) AS cents,
        -- the smallest score whose edge is not below the value; a score that does not occur has no edge
        CASE
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_1 AS DOUBLE) THEN 1
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_2 AS DOUBLE) THEN 2
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_3 AS DOUBLE) THEN 3
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_4 AS DOUBLE) THEN 4
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_5 AS DOUBLE) THEN 5
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_6 AS DOUBLE) THEN 6
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_7 AS DOUBLE) THEN 7
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_8 AS DOUBLE) THEN 8
            WHEN CAST(c.recency_days AS DOUBLE) <= CAST($r_edge_9 AS DOUBLE) THEN 9
            ELSE CAST($r_top AS INTEGER)
        END AS r_raw,
        CASE
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_1 AS DOUBLE) THEN 1
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_2 AS DOUBLE) THEN 2
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_3 AS DOUBLE) THEN 3
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_4 AS DOUBLE) THEN 4
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_5 AS DOUBLE) THEN 5
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_6 AS DOUBLE) THEN 6
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_7 AS DOUBLE) THEN 7
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_8 AS DOUBLE) THEN 8
            WHEN CAST(c.orders AS DOUBLE) <= CAST($f_edge_9 AS DOUBLE) THEN 9
            ELSE CAST($f_top AS INTEGER)
        END AS f_raw,
        CASE
            WHEN c.net_amount <= CAST($m_edge_1 AS DOUBLE) THEN 1
            WHEN c.net_amount <= CAST($m_edge_2 AS DOUBLE) THEN 2
            WHEN c.net_amount <= CAST($m_edge_3 AS DOUBLE) THEN 3
            WHEN c.net_amount <= CAST($m_edge_4 AS DOUBLE) THEN 4
            WHEN c.net_amount <= CAST($m_edge_5 AS DOUBLE) THEN 5
            WHEN c.net_amount <= CAST($m_edge_6 AS DOUBLE) THEN 6
            WHEN c.net_amount <= CAST($m_edge_7 AS DOUBLE) THEN 7
            WHEN c.net_amount <= CAST($m_edge_8 AS DOUBLE) THEN 8
            WHEN c.net_amount <= CAST($m_edge_9 AS DOUBLE) THEN 9
            ELSE CAST($m_top AS INTEGER)
        END AS m_raw,
        CASE
            WHEN x.order_rate <= CAST($hml_edge_1 AS DOUBLE) THEN 1
            WHEN x.order_rate <= CAST($hml_edge_2 AS DOUBLE) THEN 2
            ELSE CAST($hml_top AS INTEGER)
        END AS hml_raw
    FROM customers AS c
    LEFT JOIN rates AS x ON x.identity_id = c.identity_id
),
scores AS (
    SELECT
        identity_id,
        recency_days,
        orders,
        order_days,
        net_amount,
        seen_days,
        exposure_days,
        order_rate,
        CASE WHEN orders > 0 THEN $r_base + $r_sign * r_raw END AS r,
        CASE WHEN orders > 0 THEN $f_base + $f_sign * f_raw END AS f,
        CASE WHEN orders > 0 THEN $m_base + $m_sign * m_raw END AS m,
        CASE WHEN orders > 0 THEN CASE WHEN recency_days <= CAST($cn8_r AS DOUBLE) THEN 2 ELSE 1 END END AS r_half,
        CASE WHEN orders > 0 THEN CASE WHEN orders >= CAST($cn8_f AS DOUBLE) THEN 2 ELSE 1 END END AS f_half,
        CASE WHEN orders > 0 THEN CASE WHEN net_amount >= CAST($cn8_m AS DOUBLE) THEN 2 ELSE 1 END END AS m_half,
        CASE
            WHEN cents > 0 AND cents >= CAST($tier_high AS DOUBLE) THEN 3
            WHEN cents > 0 AND cents >= CAST($tier_mid AS DOUBLE) THEN 2
            ELSE 1
        END AS tier,
        CASE
            WHEN cents > 0 AND cents >= CAST($abc_a AS DOUBLE) THEN 3
            WHEN cents > 0 AND cents >= CAST($abc_b AS DOUBLE) THEN 2
            ELSE 1
        END AS class,
        CASE WHEN orders > 0 THEN hml_raw END AS hml,
        CASE
            WHEN orders > 0 AND recency_days > CAST($lost_days AS DOUBLE) THEN 1
            WHEN orders > 0 AND seen_days <= CAST($new_days AS DOUBLE) THEN 3
            WHEN orders > 0 AND order_days >= CAST($loyal_days AS DOUBLE) THEN 4
            WHEN orders > 0 THEN 2
        END AS stage
    FROM placed
)
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST(s.recency_days AS INTEGER) AS recency_days,
    CAST(s.orders AS BIGINT) AS orders,
    CAST(s.order_days AS BIGINT) AS order_days,
    CAST(s.net_amount AS DOUBLE) AS net_amount,
    CAST(s.seen_days AS INTEGER) AS seen_days,
    CAST(s.exposure_days AS INTEGER) AS exposure_days,
    CAST(s.order_rate AS DOUBLE) AS order_rate,
    CAST(s.r AS INTEGER) AS r,
    CAST(s.f AS INTEGER) AS f,
    CAST(s.m AS INTEGER) AS m,
    CAST(s.r_half AS INTEGER) AS r_half,
    CAST(s.f_half AS INTEGER) AS f_half,
    CAST(s.m_half AS INTEGER) AS m_half,
    CAST(s.tier AS INTEGER) AS tier,
    CAST(s.class AS INTEGER) AS class,
    CAST(s.hml AS INTEGER) AS hml,
    CAST(s.stage AS INTEGER) AS stage,
    CAST(n.label AS VARCHAR) AS named_label,
    CAST(n.score AS DOUBLE) AS named_score,
    CAST(n.rule AS VARCHAR) AS named_rule,
    CAST(e.label AS VARCHAR) AS eight_label,
    CAST(e.score AS DOUBLE) AS eight_score
FROM scores AS s
LEFT JOIN cells AS n ON n.scheme = 'rfm.named' AND n.r = s.r AND n.f = s.f AND n.m = s.m
LEFT JOIN cells AS e ON e.scheme = 'rfm.cn8' AND e.r = s.r_half AND e.f = s.f_half AND e.m = s.m_half
ORDER BY identity_id
