-- One row per pair of labels of one scheme on two days: how many identities went from the one to the other ('absent': not there).
WITH before_ones AS (
    SELECT identity_id, label
    FROM labels
    WHERE scheme = $scheme AND as_of = CAST($from_day AS DATE)
),
after_ones AS (
    SELECT identity_id, label
    FROM labels
    WHERE scheme = $scheme AND as_of = CAST($to_day AS DATE)
)
SELECT
    CAST(coalesce(b.label, 'absent') AS VARCHAR) AS label_from,
    CAST(coalesce(a.label, 'absent') AS VARCHAR) AS label_to,
    CAST(count(*) AS BIGINT) AS customers
FROM before_ones AS b
FULL JOIN after_ones AS a ON a.identity_id = b.identity_id
GROUP BY coalesce(b.label, 'absent'), coalesce(a.label, 'absent')
ORDER BY label_from, label_to
