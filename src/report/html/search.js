'use strict';
(function () {
  const text = document.getElementById('find-text');
  const kind = document.getElementById('find-kind');
  const shown = document.getElementById('find-shown');
  const rows = Array.from(document.querySelectorAll('#problem-rows tr'));
  const words = rows.map(function (row) { return row.textContent.toLowerCase(); });
  function filter() {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach(function (row, i) {
      const found = (kind.value === '' || row.dataset.kind === kind.value) &&
        wanted.every(function (word) { return words[i].includes(word); });
      row.hidden = !found;
      if (found) { count += 1; }
    });
    shown.textContent = count + ' of ' + rows.length + ' rows';
  }
  text.addEventListener('input', filter);
  kind.addEventListener('input', filter);
  document.getElementById('find').hidden = false;
  filter();
}());
