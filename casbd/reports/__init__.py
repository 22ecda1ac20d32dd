"""What people read once a month: numbers of the store and the log, as a typed report, and that as a page.

    store, activity log ─▶ monthly.MonthlyReport ─▶ document.Document ─▶ HTML | Markdown | a terminal

`monthly.py` has the report's types, `making.py` fills them, `words.py` says them; `html.py`, `markdown.py` and the command write what
`document.py` can hold, and nothing more, so all of them have the same content. `reviewing.py` lists what is due.
"""
