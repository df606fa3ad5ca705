# ---
# jupyter:
#   custlib:
#     reads: [data/build]
#     writes: [summary/00_start.json]
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["zh"]
# # 00 起步：谁是我们的客户，这个工作台能告诉我什么？
# **读** 数据集 **写** `summary/00_start.json` **用时** 1 分钟。
#
# **结论**：本机能跑通全部步骤；下表列出这份数据能打开哪些笔记本，缺什么、为什么。

# %% [markdown] tags=["en"]
# # 00 Start: who are our customers, and what will this workbench tell me?
# **Reads** a data set **writes** `summary/00_start.json` **takes** 1 minute.
#
# **Finding:** this machine runs every step; the table below says which notebooks these data open, what is missing, and why.

# %% tags=["parameters"]
dataset: str = "pinecone"          # name or path of a dataset.toml
as_of: str = "2025-01-01"          # rows on or after this day do not exist for the run; never today()
lang: str = "bi"                   # zh, en or bi
run_dir: str = "reports/runs/notebooks"  # the run folder

# %%
from custlib import course, tables
from custlib.report import start
from custlib.report.summary import number, run_folder, write_summary

# %% [markdown] tags=["zh"]
# ## 一条路，七步
# 数据一路向前：收集 → 识别 → 档案 → 分群 → 预测 → 策略 → 评估。后一本笔记本只读前一本写下的文件，从不读它的变量。

# %% [markdown] tags=["en"]
# ## One way, seven steps
# Data flow one way: collect → identify → profile → segment → predict → act → evaluate. A later notebook reads the files of an earlier one, never its variables.

# %%
start.strip(lang=lang)

# %% [markdown] tags=["zh"]
# **读法。** 标 ● 的步骤本版已可运行；标 ○ 的由后续版本补上，在此之前报告会写明跳过了什么。

# %% [markdown] tags=["en"]
# **Reading.** The steps marked ● run in this version; those marked ○ come with later ones, and until then the report says what was skipped.

# %% [markdown] tags=["zh"]
# ## 自检：这台机器能跑吗
# 查询引擎、中文字体与主要软件包各试一次。

# %% [markdown] tags=["en"]
# ## Self-test: does this machine run it?
# The query engine, the Chinese font and the main packages are each tried once.

# %%
start.self_test(lang=lang)

# %% [markdown] tags=["zh"]
# ## 这份数据有什么
# 规范表有二十多张，一份数据很少全有。缺一张表不会报错，只会让某一节写明“不可用”。

# %% [markdown] tags=["en"]
# ## What these data hold
# There are more than twenty canonical tables, and few data have them all. A missing table is no error: a section then says “not available”.

# %%
data = tables.load(dataset)
built = tables.build(data)
matrix = start.availability(data, built, lang=lang)
matrix

# %% [markdown] tags=["zh"]
# **读法。** 有订单就能做 RFM 与价值；有明细才知道买了什么；没有成本，价值就是收入而不是利润。行数来自本次建表，拒收的行另有账目。

# %% [markdown] tags=["en"]
# **Reading.** Orders are enough for RFM and value; lines tell what was bought; without costs, value is revenue and not profit. Row counts are of this build, and rejected rows have a ledger of their own.

# %% [markdown] tags=["zh"]
# ## 词汇表
# 每个术语中英各一个说法，全书一致：客户（customer）不是顾客（shopper），潜在（prospect）不是潜力（potential）。

# %% [markdown] tags=["en"]
# ## Glossary
# One word for each term in each language, the same everywhere: 客户 is a customer and 顾客 a shopper, 潜在 a prospect and 潜力 potential.

# %%
start.glossary(notebook="04")

# %% [markdown] tags=["zh"]
# **读法。** 编号指向需求清单的行；报告“跳过”一节也用同样的编号，可以互查。

# %% [markdown] tags=["en"]
# **Reading.** The ids are rows of the inventory of what is to be computed; the report's section on what was skipped uses the same ids.

# %% [markdown] tags=["zh"]
# ## 练习
# **练习 0.1**（3 分钟）把资料中的五步排出先后，英文小写，放进 `answer`。

# %% [markdown] tags=["en"]
# ## Exercises
# **Exercise 0.1** (3 min) Put the five steps of the source text in order, as a list of lower-case English words in `answer`.

# %%
course.question("00-e1", lang=lang)

# %% tags=["exercise"]
answer = ["collect", "analyse", "segment", "personalise", "evaluate"]  ### SOLUTION
course.check("00-e1", answer, truth={}, lang=lang)

# %% [markdown] tags=["zh"]
# **练习 0.2**（5 分钟）哪本笔记本回答哪个问题？

# %% [markdown] tags=["en"]
# **Exercise 0.2** (5 min) Which notebook answers which question?

# %%
course.question("00-e2", lang=lang)

# %% tags=["exercise"]
answer = ["04", "02", "05", "13", "09"]  ### SOLUTION
course.check("00-e2", answer, truth={}, lang=lang)

# %% [markdown] tags=["zh"]
# ## 交给报告
# 起步页只交两个数：几张表、多少行。

# %% [markdown] tags=["en"]
# ## Hand over to the report
# The first page hands over two numbers: how many tables, how many rows.

# %%
rows = built.facts["rows_in"]
written = write_summary(run_folder(run_dir), "00_start", dataset=data.name, as_of=as_of, lang=lang, numbers={
    "tables": number(len(data.tables), unit="tables", n=len(data.tables)), "rows_in": number(rows, unit="rows", n=rows)})

# %% [markdown] tags=["zh"]
# **存疑。** “可用”只说明表在，不说明它对：质量要到 01、02 里查。**下一步**：04 问谁最有价值。

# %% [markdown] tags=["en"]
# **Doubt.** “Available” says that a table is there, not that it is right: quality is for 01 and 02. **Next:** 04 asks who is worth most.
