-- One row per identity with a line of a known category: most gross money first, then most lines, then the alphabet.
WITH per_category AS (
    SELECT c.identity_id, p.category_l1 AS category, sum(c.amount) AS amount, count(*) AS sale_lines
    FROM counted AS c
    JOIN products AS p ON p.product_id = c.product_id
    WHERE NOT c.is_return AND p.category_l1 IS NOT NULL
    GROUP BY c.identity_id, p.category_l1
),
ranked AS (
    SELECT
        identity_id,
        category,
        amount,
        row_number() OVER (PARTITION BY identity_id ORDER BY amount DESC, sale_lines DESC, category) AS place,
        count(*) OVER (PARTITION BY identity_id) AS categories,
        sum(amount) OVER (PARTITION BY identity_id) AS all_amount
    FROM per_category
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(categories AS BIGINT) AS categories,
    CAST(category AS VARCHAR) AS top_category,
    CAST(CAST(amount AS DOUBLE) / nullif(CAST(all_amount AS DOUBLE), 0) AS DOUBLE) AS top_category_share
FROM ranked
WHERE place = 1
