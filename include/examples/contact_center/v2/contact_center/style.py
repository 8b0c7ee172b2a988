"""How version 2 looks."""

STYLE = """
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; font: 15px/1.5 "Noto Sans KR", "Noto Sans CJK KR", sans-serif;
       color: #1d2733; background: #f6f8fa }
header { display: flex; align-items: baseline; gap: 1rem }
header p { color: #5b6b7b }
section { background: #fff; border: 1px solid #dde3ea; border-radius: 8px; padding: 1rem 1.25rem; margin-bottom: 1rem }
h2 { font-size: 1.05rem; margin: 0 0 .75rem }
ul { list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; margin: 0; padding: 0 }
li { border: 1px solid #dde3ea; border-radius: 6px; padding: .25rem .6rem }
li em { font-style: normal; color: #5b6b7b }
li[data-status="상담중"] em { color: #b45309 }
li[data-status="대기"] em { color: #15803d }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid #eef1f4 }
th { color: #5b6b7b; font-weight: 600 }
"""
