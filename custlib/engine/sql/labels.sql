-- One row per identity and scheme, scheme after scheme: label, score (higher is better) and the numbers behind it as JSON.
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST($as_of AS DATE) AS as_of,
    CAST('rfm.cell' AS VARCHAR) AS scheme,
    CAST(coalesce(CAST(s.r AS VARCHAR) || $mark || CAST(s.f AS VARCHAR) || $mark || CAST(s.m AS VARCHAR), 'unknown') AS VARCHAR) AS label,
    CAST(CAST(s.r + s.f + s.m AS DOUBLE) / nullif(CAST(3 AS DOUBLE), 0) AS DOUBLE) AS score,
    CAST(NULL AS DOUBLE) AS confidence,
    CAST('{"r":' || coalesce(CAST(s.r AS VARCHAR), 'null') || ',"f":' || coalesce(CAST(s.f AS VARCHAR), 'null') || ',"m":' || coalesce(CAST(s.m AS VARCHAR), 'null') || '}' AS VARCHAR) AS evidence
FROM scored AS s
UNION ALL
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST($as_of AS DATE) AS as_of,
    CAST('rfm.named' AS VARCHAR) AS scheme,
    CAST(coalesce(s.named_label, 'unknown') AS VARCHAR) AS label,
    CAST(s.named_score AS DOUBLE) AS score,
    CAST(NULL AS DOUBLE) AS confidence,
    CAST('{"r":' || coalesce(CAST(s.r AS VARCHAR), 'null') || ',"f":' || coalesce(CAST(s.f AS VARCHAR), 'null') || ',"m":' || coalesce(CAST(s.m AS VARCHAR), 'null')
        || ',"recency_days":' || coalesce(CAST(s.recency_days AS VARCHAR), 'null') || ',"orders":' || CAST(s.orders AS VARCHAR)
        || ',"net_amount":' || CAST(CAST(s.net_amount AS DECIMAL(38,2)) AS VARCHAR) || ',"rule":' || coalesce(s.named_rule, 'null') || '}' AS VARCHAR) AS evidence
FROM scored AS s
UNION ALL
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST($as_of AS DATE) AS as_of,
    CAST('rfm.cn8' AS VARCHAR) AS scheme,
    CAST(coalesce(s.eight_label, 'unknown') AS VARCHAR) AS label,
    CAST(s.eight_score AS DOUBLE) AS score,
    CAST(NULL AS DOUBLE) AS confidence,
    CAST('{"r":' || coalesce(CAST(s.r_half AS VARCHAR), 'null') || ',"f":' || coalesce(CAST(s.f_half AS VARCHAR), 'null') || ',"m":' || coalesce(CAST(s.m_half AS VARCHAR), 'null') || '}' AS VARCHAR) AS evidence
FROM scored AS s
UNION ALL
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST($as_of AS DATE) AS as_of,
    CAST('value.tier3' AS VARCHAR) AS scheme,
    CAST(CASE s.tier WHEN 3 THEN 'high' WHEN 2 THEN 'mid' ELSE 'low' END AS VARCHAR) AS label,
    CAST(s.tier AS DOUBLE) AS score,
    CAST(NULL AS DOUBLE) AS confidence,
    CAST('{"net_amount":' || CAST(CAST(s.net_amount AS DECIMAL(38,2)) AS VARCHAR) || '}' AS VARCHAR) AS evidence
FROM scored AS s
UNION ALL
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST($as_of AS DATE) AS as_of,
    CAST('value.abc' AS VARCHAR) AS scheme,
    CAST(CASE s.class WHEN 3 THEN 'A' WHEN 2 THEN 'B' ELSE 'C' END AS VARCHAR) AS label,
    CAST(s.class AS DOUBLE) AS score,
    CAST(NULL AS DOUBLE) AS confidence,
    CAST('{"net_amount":' || CAST(CAST(s.net_amount AS DECIMAL(38,2)) AS VARCHAR) || '}' AS VARCHAR) AS evidence
FROM scored AS s
UNION ALL
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST($as_of AS DATE) AS as_of,
    CAST('freq.hml' AS VARCHAR) AS scheme,
    CAST(CASE s.hml WHEN 3 THEN 'high' WHEN 2 THEN 'mid' WHEN 1 THEN 'low' ELSE 'unknown' END AS VARCHAR) AS label,
    CAST(s.hml AS DOUBLE) AS score,
    CAST(NULL AS DOUBLE) AS confidence,
    CAST('{"orders":' || CAST(s.orders AS VARCHAR) || ',"exposure_days":' || coalesce(CAST(s.exposure_days AS VARCHAR), 'null') || ',"rate":' || coalesce(CAST(CAST(s.order_rate AS DECIMAL(18,6)) AS VARCHAR), 'null') || '}' AS VARCHAR) AS evidence
FROM scored AS s
WHERE $with_frequency = 1
UNION ALL
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST($as_of AS DATE) AS as_of,
    CAST('lifecycle.behaviour' AS VARCHAR) AS scheme,
    CAST(CASE s.stage WHEN 4 THEN 'loyal' WHEN 3 THEN 'new' WHEN 2 THEN 'other' WHEN 1 THEN 'lost' ELSE 'unknown' END AS VARCHAR) AS label,
    CAST(s.stage AS DOUBLE) AS score,
    CAST(NULL AS DOUBLE) AS confidence,
    CAST('{"recency_days":' || coalesce(CAST(s.recency_days AS VARCHAR), 'null') || ',"seen_days":' || coalesce(CAST(s.seen_days AS VARCHAR), 'null') || ',"order_days":' || CAST(s.order_days AS VARCHAR)
        || ',"rule":' || coalesce(CASE s.stage WHEN 4 THEN $loyal_rule WHEN 3 THEN $new_rule WHEN 2 THEN $other_rule WHEN 1 THEN $lost_rule END, 'null') || '}' AS VARCHAR) AS evidence
FROM scored AS s
WHERE $with_lifecycle = 1
