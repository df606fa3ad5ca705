"""Customer identification workbench (顾客识别工作台): who are our customers, which ones first, and did it work?"""
