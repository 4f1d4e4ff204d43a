// The bench view.
import assert from 'node:assert/strict';
import type { PageCase } from './run.ts';

export const benchCases: readonly PageCase[] = [
  {
    name: 'bench: every back end gets a curve, a row of times and a place in the summary',
    async run(page) {
      await page.getByRole('tab', { name: 'Bench' }).click();
      const view = page.locator('#view-bench');
      await view.locator('.go').waitFor();
      await view.locator('input[name="to"]').fill('4');
      await view.locator('select[name="batch"]').selectOption('16');
      await view.locator('input[type="checkbox"]').first().waitFor();
      // Emulated GPUs are there, and left out unless chosen.
      const backEnds = await view.locator('input[type="checkbox"]:checked').count();
      assert.equal(backEnds, 3);
      await view.locator('.go').click();
      await page.getByText('Finished').waitFor();
      const rows = await view
        .locator('.times tbody tr')
        .evaluateAll((list) =>
          list.map((row) =>
            [...row.querySelectorAll('td')].map((field) => Number(field.textContent)),
          ),
        );
      assert.equal(rows.length, backEnds);
      for (const row of rows) {
        assert.equal(row.length, 3);
        assert.ok(
          row.every((time) => time > 0 && time < 1000),
          String(row),
        );
      }
      assert.equal(await view.locator('.kw-chart svg .kw-line').count(), backEnds);
      const summary = await view.locator('.stretches').innerText();
      assert.match(summary, /2 qubits|2 to \d qubits/);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        view.getByRole('button', { name: 'Save JSON' }).click(),
      ]);
      assert.equal(download.suggestedFilename(), 'ketwork-bench.json');
    },
  },
];
