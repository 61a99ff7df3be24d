/** The scripts of the pages. The shop works without them. */

// What the bridge hands to scripts: an analytics tag would send it along.
for (const place of document.querySelectorAll('[data-bridge]')) {
  place.textContent = `window.__CV__ = ${JSON.stringify(window.__CV__)}`;
}

for (const select of document.querySelectorAll('select[data-submit]')) {
  select.addEventListener('change', () => select.form.requestSubmit());
}

const list = document.querySelector('[data-events]');
if (list) watchCollector(list);

/** Keeps the page up to date with what is sent: the ledger, the switch, and the list of the newest events. */
function watchCollector(list) {
  const most = Number(list.dataset.events);
  let last = Number(list.dataset.last);
  const look = async () => {
    try {
      const news = await (await fetch(`/collector.json?after=${last}`)).json();
      for (const place of document.querySelectorAll('[data-count]')) {
        write(place, news.ledger[place.dataset.count]);
      }
      for (const place of document.querySelectorAll('[data-webhooks]')) write(place, news.webhooks);
      document.querySelector('[data-collector]').dataset.collector = news.isDown ? 'down' : 'up';
      list.insertAdjacentHTML('afterbegin', news.entries);
      while (list.childElementCount > most) list.lastElementChild.remove();
      // A server that was started again counts from one.
      last = news.last;
    } catch {
      // The server is being restarted: ask again.
    }
    setTimeout(look, 700);
  };
  void look();
}

/** A text that stays as it is is left alone: screen readers say aloud what is written. */
function write(place, text) {
  if (place.textContent !== String(text)) place.textContent = text;
}
