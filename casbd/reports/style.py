"""How a report looks. Text has a contrast of 7 to 1 and more (WCAG 2.2, 1.4.6); nothing is said by colour alone."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:2rem 1.5rem;background:#fff;color:#1b2733}
body{font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
header{border-bottom:3px solid #1f5f8b;margin-bottom:1.5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-bottom:.2rem;border-bottom:1px solid #cfd8e0;break-after:avoid}
p{margin:.5rem 0}
header p{margin:0 0 .8rem;font-size:1.05rem;color:#33424f}
.note,footer{color:#44535f;font-size:.9rem}
.figures{display:grid;grid-template-columns:repeat(3,1fr);gap:.8rem;margin:1rem 0}
.figures div{background:#f3f6f9;border:1px solid #d8e0e7;border-radius:6px;padding:.7rem .9rem;break-inside:avoid}
.figures dt{color:#33424f;font-size:.88rem}
.figures dd{margin:0}
.figures .value{font-size:1.75rem;font-weight:650;line-height:1.25}
figure{margin:1rem 0;break-inside:avoid}
figcaption{font-weight:600;margin-bottom:.3rem}
svg{width:100%;height:auto;display:block}
svg text{font:12.5px system-ui,"Segoe UI",Roboto,Arial,"DejaVu Sans",sans-serif;fill:#1b2733}
svg .tick{font-size:11.5px;fill:#44535f}
svg .value{font-weight:600}
svg .grid{stroke:#dfe6ec}
svg .axis{stroke:#7b8894}
table{border-collapse:collapse;width:100%;margin:.6rem 0 1rem;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #dfe6ec}
th{border-bottom:2px solid #9fb0bd;font-weight:600}
.long{overflow-wrap:anywhere}
tr{break-inside:avoid}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.when{white-space:nowrap}
pre{background:#f3f6f9;border:1px solid #d8e0e7;border-radius:6px;padding:.6rem .8rem;margin:.4rem 0 1rem}
pre{font-size:.82rem;white-space:pre-wrap;overflow-wrap:anywhere}
pre,code{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
code{font-size:.88em;background:#f3f6f9;padding:.1em .3em;border-radius:3px}
.added{color:#0b5a2b}
.removed{color:#8f1d1d}
.steps{padding-left:1.3rem}
.steps li{margin:.6rem 0;break-inside:avoid}
footer{margin-top:2.5rem;border-top:1px solid #cfd8e0}
@page{size:A4;margin:16mm 14mm}
@media screen and (max-width:40rem){.figures{grid-template-columns:1fr}}
@media print{
body{max-width:none;padding:0;font-size:9.5pt}
table{font-size:8.5pt}
figure{max-width:160mm}
h1{font-size:18pt}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
""".strip()
"""Of one file, for all of it."""
