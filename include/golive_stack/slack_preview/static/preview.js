"use strict";
// Ask for the page's content every two seconds; keep the reader's place unless they are at the end.
const main = document.querySelector("main");
let shown = null;

function atEnd(list) { return list.scrollHeight - list.scrollTop - list.clientHeight < 40; }

function toEnd() {
  const list = document.querySelector(".messages");
  list.scrollTop = list.scrollHeight;
}

async function refresh() {
  try {
    const answer = await fetch("/fragment" + location.search, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    const fresh = await answer.text();
    if (answer.ok && fresh !== shown) {
      const list = document.querySelector(".messages");
      const follow = atEnd(list), place = list.scrollTop;
      if (shown !== null) main.innerHTML = fresh;
      shown = fresh;
      if (follow) toEnd(); else document.querySelector(".messages").scrollTop = place;
    }
  } finally {
    setTimeout(refresh, 2000);
  }
}

toEnd();
refresh();
