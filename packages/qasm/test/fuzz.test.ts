import { describe, expect, it } from 'vitest';
import { parseQasm } from '../src/index.ts';
import { survives } from './mutate.ts';

describe('text that is no program', () => {
  it('is refused with a place, and nothing else happens', () => {
    let programs = 0;
    for (let seed = 0; seed < 2000; seed++) {
      try {
        if (survives(seed)) programs++;
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    // Some mutations leave a program, most do not.
    expect(programs).toBeGreaterThan(100);
    expect(programs).toBeLessThan(1500);
  });

  const hostile: Readonly<Record<string, string>> = {
    'gates that double without end': `gate g0 a { }${Array.from({ length: 60 }, (_, i) => ` gate g${i + 1} a { g${i} a; g${i} a; }`).join('')} qubit q; g60 q;`,
    'expressions that double without end': `input float t0; ${Array.from({ length: 60 }, (_, i) => `float t${i + 1} = t${i} + t${i} * t${i};`).join(' ')} qubit q; gphase(t60);`,
    'barriers of wide registers': `qubit[65536] q; for int i in [0:100000] { barrier q; }`,
    'aliases of wide registers': `qubit[30000] q; for int i in [0:1000000] { let a = q ++ q; }`,
    'powers of powers': `include "stdgates.inc"; gate two a { h a; s a; } qubit q; for int i in [0:1000000] { pow(0) @ pow(400000) @ two q; }`,
    'a loop of measured tables': `qubit[12] q; bit[12] c = measure q; int n = 0; for int i in [0:1000000] { n = n ^ int(c); }`,
    'nested branches': `qubit q; bit c = measure q; def f(int k) { if (c) { f(k); } } f(1);`
      .replace('if (c)', 'bit d; if (d)')
      .replace('def f', 'def f'),
    'blocks within calls': `def f(int k) { ${'{'.repeat(90)} f(k); ${'}'.repeat(90)} } qubit q; f(1);`,
    'parentheses within calls': `def f(int k) -> int { return ${'('.repeat(90)}f(k)${')'.repeat(90)}; } qubit q; int n = f(1);`,
    'brackets without end': '['.repeat(100000),
    'a long chain': `qubit q; float a = ${'1+'.repeat(200000)}; gphase(a);`,
    'minus signs without end': `qubit q; gphase(${'-'.repeat(100000)}1);`,
    'many controls': `include "stdgates.inc"; qubit[2] q; ctrl(40000) @ x ${'q[0], '.repeat(40000)}q[1];`,
  };
  for (const [what, text] of Object.entries(hostile)) {
    it(`cannot hang or crash: ${what}`, () => {
      const started = performance.now();
      expect(() => parseQasm(`OPENQASM 3.0;\n${text}`)).toThrow(/^line \d+, column \d+: /);
      expect(performance.now() - started).toBeLessThan(20_000);
    });
  }
});
