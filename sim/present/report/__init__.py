"""The report: a run as one document, and that document as a page, as figures in files, and as one printed sheet.

`document` says what a report consists of, `build` fills it section by section (`sections`), `page` renders it with what stands in
`static`, `talks` turns trials into the data that the page's reader shows.
"""
