// The circuit view: keyboard, sliders, programs, addresses.
import assert from 'node:assert/strict';
import { cell, chip, expectProgram, probabilitiesOf, settled, typeProgram } from './helpers.ts';
import type { PageCase } from './run.ts';

const GHZ =
  'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nh q[0];\ncx q[0], q[1];\ncx q[1], q[2];\n';

export const circuitCases: readonly PageCase[] = [
  {
    name: 'keyboard: a circuit is built, changed and undone without a mouse',
    async run(page) {
      await page.getByRole('button', { name: 'Clear' }).focus();
      await page.keyboard.press('Enter');
      await expectProgram(page, 'qubit[2] q;');
      // Tab reaches one chip and one cell only.
      assert.equal(await page.locator('.palette [tabindex="0"]').count(), 1);
      assert.equal(await page.locator('.board [tabindex="0"]').count(), 1);
      await page.locator('.board [tabindex="0"]').focus();
      await page.keyboard.press('h');
      await page.keyboard.press('c');
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[0], q[1];');
      assert.deepEqual(await probabilitiesOf(page), {
        '|00⟩': 50,
        '|01⟩': 0,
        '|10⟩': 0,
        '|11⟩': 50,
      });
      assert.match(await page.locator('.aloud').innerText(), /X on qubit 1, where qubit 0 is 1/);
      // Down, back to the start, NOT in front of the CNOT's target.
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Home');
      await page.keyboard.press('x');
      await expectProgram(page, 'qubit[2] q;\nh q[0];\nx q[1];\ncx q[0], q[1];');
      // The cursor is behind the X now; one to the left is the X.
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('Alt+ArrowRight');
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[0], q[1];\nx q[1];');
      await page.keyboard.press('Alt+ArrowUp');
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[0], q[1];\nx q[0];');
      await page.keyboard.press('Delete');
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[0], q[1];');
      await page.keyboard.press('Control+z');
      await page.keyboard.press('Control+z');
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[0], q[1];\nx q[1];');
      await page.keyboard.press('Control+Shift+z');
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[0], q[1];\nx q[0];');
      assert.equal(
        await page.evaluate(() => document.activeElement?.getAttribute('role')),
        'gridcell',
      );
    },
  },
  {
    name: 'keyboard: palette and tabs are walked with arrows, Enter places at the cursor',
    async run(page) {
      await chip(page, 'H').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await expectProgram(page, 'qubit[2] q;\nx q[0];\nh q[0];\ncx q[0], q[1];');
      assert.equal(
        await page.evaluate(() => (document.activeElement as HTMLElement).dataset['kind']),
        'X',
      );
      // Enter opens the gate that was just placed, though the cursor has gone on.
      await page.locator('.board [tabindex="0"]').focus();
      await page.keyboard.press('End');
      await page.keyboard.press('1');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Home');
      await expectProgram(page, 'qubit[2] q;\nx q[0];\nh q[0];\ncx q[0], q[1];\nrx(-2*pi) q[0];');
      await page.getByRole('tab', { name: 'Circuit' }).focus();
      await page.keyboard.press('ArrowRight');
      await page.getByRole('tab', { name: 'Train', selected: true }).waitFor();
      await page.locator('#view-train .go').waitFor();
      assert.equal(await page.locator('#view-circuit').isVisible(), false);
      assert.equal(await page.getByRole('tab', { name: 'Train' }).getAttribute('tabindex'), '0');
    },
  },
  {
    name: 'keyboard: Enter opens the fields of a gate, the slider turns it',
    async run(page) {
      await typeProgram(page, 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\nrx(0) q;');
      await cell(page, 0, 0).focus();
      await page.keyboard.press('Enter');
      const slider = page.locator('.inspected input[type="range"]');
      assert.equal(await slider.evaluate((element) => element === document.activeElement), true);
      for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowRight');
      // 12 steps of π/48.
      assert.deepEqual(await probabilitiesOf(page), { '|0⟩': 85.4, '|1⟩': 14.6 });
      const field = page.locator('.inspected input[type="text"]');
      await field.fill('2*pi/3');
      await field.press('Enter');
      assert.deepEqual(await probabilitiesOf(page), { '|0⟩': 25, '|1⟩': 75 });
      assert.equal(await field.inputValue(), '2π/3');
      await field.fill('two');
      await field.press('Enter');
      await settled(page);
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      const refusal = page.locator('.inspected').getByRole('alert');
      assert.match(await refusal.innerText(), /“two” is no angle.*pi\/4/);
      assert.deepEqual(await probabilitiesOf(page), { '|0⟩': 25, '|1⟩': 75 });
      await field.fill('2*pi/3');
      await field.press('Enter');
      await settled(page);
      assert.equal(await refusal.count(), 0);
      // All steps of the slider are one step of undo.
      await page.locator('.inspected button').first().focus();
      await page.keyboard.press('Control+z');
      await page.keyboard.press('Control+z');
      await page.keyboard.press('Control+z');
      assert.deepEqual(await probabilitiesOf(page), { '|0⟩': 100, '|1⟩': 0 });
    },
  },
  {
    name: 'programs: what is typed is run, what is wrong is explained where it is',
    async run(page) {
      await typeProgram(page, GHZ);
      const ghz = await probabilitiesOf(page);
      assert.deepEqual([ghz['|000⟩'], ghz['|111⟩'], Object.keys(ghz).length], [50, 50, 8]);
      assert.match(
        (await page.locator('[data-qubit="1"]').getAttribute('aria-label')) ?? '',
        /z 0\.00, length 0\.00/,
      );
      await typeProgram(page, GHZ.replace('cx q[1], q[2]', 'cxx q[1], q[2]'));
      const area = page.locator('.program textarea');
      assert.equal(await area.getAttribute('aria-invalid'), 'true');
      const fault = await page.locator('#program-fault').innerText();
      assert.match(fault, /line 6, column 1/);
      assert.match(fault, /cxx/);
      assert.equal(await page.locator('.gutter .wrong').innerText(), '6');
      const gutter = (await page.locator('.gutter').boundingBox())!;
      assert.ok(gutter.width < 60, 'numbers of lines stand below each other');
      // The circuit stays, and so does the text.
      assert.deepEqual(await probabilitiesOf(page), ghz);
      assert.match(await area.inputValue(), /cxx/);
      await page.getByRole('button', { name: 'Go to line 6' }).click();
      assert.equal(
        await area.evaluate((element: HTMLTextAreaElement) =>
          element.value.slice(element.selectionStart, element.selectionStart + 3),
        ),
        'cxx',
      );
      await typeProgram(page, 'OPENQASM 3.0;\nqubit[30] q;');
      assert.match(await page.locator('#program-fault').innerText(), /30 qubits.*at most 12/s);
      await typeProgram(page, GHZ);
      await page.getByLabel('Version of OpenQASM').selectOption('2');
      await settled(page);
      assert.match(
        await area.inputValue(),
        /^OPENQASM 2\.0;\ninclude "qelib1\.inc";\nqreg q\[3\];/,
      );
    },
  },
  {
    name: 'programs: inputs become sliders, measurements on the way a mixture',
    async run(page) {
      await typeProgram(
        page,
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle theta;\nqubit q;\nry(theta) q;\n',
      );
      const field = page.getByLabel('theta in radians');
      await field.fill('pi/3');
      await field.press('Enter');
      assert.deepEqual(await probabilitiesOf(page), { '|0⟩': 75, '|1⟩': 25 });
      await page.getByLabel('Open an example').selectOption({ label: 'Teleportation' });
      await settled(page);
      assert.match(await page.locator('[aria-label="Basis states"] h2').innerText(), /mixture/);
      // RY(1.2) then RZ(0.7) of |0⟩, now on qubit 2.
      const label = await page.locator('[data-qubit="2"]').getAttribute('aria-label');
      assert.equal(label, 'Qubit 2: x 0.71, y 0.60, z 0.36, length 1.00');
      assert.equal(await page.locator('[aria-label="Classical bits"] tbody tr').count(), 4);
    },
  },
  {
    name: 'undo: what is not in sight is not undone',
    async run(page) {
      await typeProgram(page, GHZ);
      await page.getByRole('tab', { name: 'Train' }).click();
      await page.locator('#view-train .go').waitFor();
      await page.keyboard.press('Control+z');
      assert.ok(await page.getByRole('button', { name: 'Undo' }).isDisabled());
      await page.getByRole('tab', { name: 'Circuit' }).click();
      await expectProgram(page, GHZ.split('\n').slice(2).join('\n').trim());
      await page.getByRole('button', { name: 'Undo' }).click();
      assert.equal(Object.keys(await probabilitiesOf(page)).length, 4);
    },
  },
  {
    name: 'address: it holds the circuit, before and after a reload',
    async run(page) {
      await typeProgram(page, GHZ);
      await page.waitForFunction(() => location.hash.length > 20);
      await page.waitForTimeout(500);
      await page.reload();
      await page.waitForSelector('html[data-ready]');
      await expectProgram(page, GHZ.split('\n').slice(2).join('\n').trim());
      assert.equal(await page.locator('.notice').count(), 0);
    },
  },
  {
    name: 'address: one that holds no circuit is explained, and the page works',
    hash: 'abcd',
    async run(page) {
      assert.match(await page.locator('.notice').innerText(), /holds no circuit/);
      await page.locator('.notice button').click();
      assert.equal(Object.keys(await probabilitiesOf(page)).length, 4);
    },
  },
  {
    name: 'policy: a page that forbids WebAssembly says so, and what to do',
    strict: true,
    async run(page) {
      const message = await page.getByRole('alert').innerText();
      assert.match(message, /forbids WebAssembly.*wasm-unsafe-eval/s);
    },
  },
  {
    name: 'offline: the page opens and trains without a network',
    async run(page) {
      await page.evaluate(() => navigator.serviceWorker.ready);
      await page.context().setOffline(true);
      await page.reload();
      await page.waitForSelector('html[data-ready]');
      await page.getByRole('tab', { name: 'Bench' }).click();
      await page.locator('#view-bench .go').waitFor();
      await page.getByRole('tab', { name: 'Train' }).click();
      await page.locator('#view-train .go').click();
      await page.getByText(/Finished/).waitFor();
    },
  },
];
