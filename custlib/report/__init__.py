"""The report of a finished run: one offline HTML page and one workbook, both made from the run folder alone."""
