-- Every sale row leaves by the first door that fits, or is kept: the doors are tried in the order written here.
WITH doors AS (
    SELECT
        amount,
        is_return,
        CASE
            WHEN order_day >= CAST($as_of AS DATE) THEN 'after_as_of'
            WHEN order_day < CAST($window_start AS DATE) THEN 'before_window'
            WHEN excluded_by IS NOT NULL THEN excluded_by
            WHEN customer_id IS NULL THEN 'anonymous'
            WHEN is_return AND $returns = 'exclude' THEN 'return'
            WHEN is_zero AND NOT is_return AND $zero = 'exclude' THEN 'zero'
            ELSE 'kept'
        END AS step
    FROM sales
)
SELECT
    CAST(step AS VARCHAR) AS step,
    CAST(count(*) AS BIGINT) AS "rows",
    CAST(sum(CASE WHEN is_return THEN CAST(0 AS DECIMAL(18,2)) ELSE amount END) AS DECIMAL(18,2)) AS gross,
    CAST(sum(CASE WHEN is_return THEN amount ELSE CAST(0 AS DECIMAL(18,2)) END) AS DECIMAL(18,2)) AS returned,
    CAST(sum(amount) AS DECIMAL(18,2)) AS net
FROM doors
GROUP BY step
