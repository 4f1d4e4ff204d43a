import { circuit, input, toJSON, weight } from '@ketwork/circuit';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { answer, complaint } from '../../src/cli/command.ts';
import { ketwork, ketworkClosed } from './spawn.ts';

let folder = '';
const file = (name: string): string => join(folder, name);

const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
const ansatz = circuit(2, { x: input([2]), t: weight() }, (q, { x, t }) => {
  q.angleEmbedding(x).cnot(0, 1).ry(t, 1);
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ketwork-cli-'));
  writeFileSync(file('bell.json'), toJSON(bell));
  writeFileSync(file('ansatz.json'), toJSON(ansatz));
  writeFileSync(file('truncated.json'), toJSON(bell).slice(0, -40));
  writeFileSync(file('future.json'), toJSON(bell).replace('circuit/1', 'circuit/9'));
  writeFileSync(file('wrong.json'), toJSON(bell).replace('"qubits":[0]', '"qubits":[5]'));
  writeFileSync(file('wide.json'), toJSON(circuit(22, (q) => q.h(0))));
  writeFileSync(file('list.json'), '[1]');
  writeFileSync(file('values.json'), '{"x": [[0.1, 0.2], [0.3, 0.4]], "t": 0.5}');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Messages without the name of the scratch folder. */
const plain = (text: string): string => text.replaceAll(folder, '<folder>');

/** The JSON that the command prints; where it reads `input`, in a process of its own. */
async function results(args: readonly string[], input?: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } =
    input === undefined
      ? { code: 0, stdout: await answer(args), stderr: '' }
      : await ketwork(args, input);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** What the command says when it fails, without a process of its own. */
async function fault(args: readonly string[], code: number): Promise<string> {
  try {
    await answer(args);
  } catch (error) {
    const said = complaint(error, args);
    expect(said.code).toBe(code);
    return plain(said.text);
  }
  throw new Error(`ketwork ${args.join(' ')} does not fail`);
}

/** The same as a user sees it. */
async function faultOf(args: readonly string[], code: number, input?: string): Promise<string> {
  const done = await ketwork(args, input);
  expect(done.stdout).toBe('');
  expect(done.code).toBe(code);
  return plain(done.stderr);
}

describe('ketwork', () => {
  it('says what it can do and which version it is', async () => {
    const help = await ketwork(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatchSnapshot('ketwork');
    expect(await ketwork(['--version'])).toEqual({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
    expect(await answer(['run', '--help'])).toMatchSnapshot('run');
    expect(await answer(['draw', '--help'])).toMatchSnapshot('draw');
    expect(await answer(['specs', '--help'])).toMatchSnapshot('specs');
    expect(await answer(['convert', '--help'])).toMatchSnapshot('convert');
  });

  it('refuses a command line it does not understand, with exit code 2', async () => {
    const faults = await Promise.all(
      [
        [],
        ['drwa', 'x.json'],
        ['constructor'],
        ['--verion'],
        ['run'],
        ['run', 'a.json', 'b.json'],
        ['run', 'a.json', '--shot', '5'],
        ['run', 'a.json', '--shots'],
        ['run', 'a.json', '--shots', '1.5'],
        ['run', 'a.json', '--shots', '0'],
        ['run', 'a.json', '--seed', '4294967296'],
        ['run', 'a.json', '--backend', 'gpu'],
        ['run', 'a.json', '--state', '--shots', '3'],
        ['run', 'a.json', '--observables', 'Z0 Q1'],
        ['run', 'a.json', '--observables', 'Z0,'],
        ['run', 'a.json', '--observables', 'Z0 +'],
        ['run', '-', '--values', '-'],
        ['draw', 'a.json', '--svg=yes'],
        ['draw', 'a.json', '--width', 'wide'],
        ['specs', 'a.json', '--out', 'b'],
      ].map(async (args) => `${args.join(' ')}\n${await fault(args, 2)}`),
    );
    expect(faults.join('\n')).toMatchSnapshot();
    expect(await faultOf(['drwa'], 2)).toBe(await fault(['drwa'], 2));
  });

  it('names file, fault and remedy of a bad circuit, with exit code 1 and no stack', async () => {
    const faults = await Promise.all(
      ['missing', 'truncated', 'future', 'wrong'].flatMap((name) =>
        ['run', 'draw', 'specs'].map((command) => fault([command, file(`${name}.json`)], 1)),
      ),
    );
    expect(faults.join('')).toMatchSnapshot();
    const wrong = ['run', file('wrong.json')];
    expect(await faultOf(wrong, 1)).toBe(await fault(wrong, 1));
    expect(await fault(['run', folder], 1)).toBe('ketwork: cannot read <folder>: it is a folder\n');
    expect(await faultOf(['draw', '-'], 1, '{"schema":')).toBe(
      'ketwork: standard input: the text is not JSON. Check that it is complete\n',
    );
    const traced = await faultOf(['draw', file('truncated.json'), '--debug'], 1);
    expect(traced).toMatch(/FormatError: the text is not JSON.*\n\s+at /);
  });

  it('ends quietly when nobody reads on', async () => {
    const long = file('long.json');
    writeFileSync(
      long,
      toJSON(
        circuit(8, (q) => {
          for (let i = 0; i < 20_000; i++) q.h(i % 8);
        }),
      ),
    );
    expect(await ketworkClosed(['draw', long])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('ketwork run', () => {
  it('prints expectations of Z and probabilities', async () => {
    const { stdout } = await ketwork(['run', file('bell.json'), '--backend', 'reference']);
    const { expectations, probabilities, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect(rest).toEqual({ backend: 'reference', qubits: 2, batch: 1, observables: ['Z0', 'Z1'] });
    expect(expectations).toEqual([[expect.closeTo(0, 12), expect.closeTo(0, 12)]]);
    const half = expect.closeTo(0.5, 12) as number;
    expect(probabilities).toEqual([[half, 0, 0, half]]);
    const [cpu, piped] = await Promise.all([
      results(['run', file('bell.json')]),
      results(['run', '-'], `\uFEFF${toJSON(bell)}`),
    ]);
    expect(cpu['probabilities']).toEqual([[half, 0, 0, half]]);
    expect(piped).toEqual(cpu);
  });

  it('draws shots with a seed', async () => {
    const args = ['run', file('bell.json'), '--shots', '1000', '--seed'];
    const first = await ketwork([...args, '7']);
    expect(first.stdout).toBe(await answer([...args, '7']));
    expect(first.stdout).not.toBe(await answer([...args, '8']));
    expect(first.stdout).toMatchInlineSnapshot(`
      "{
        "backend": "cpu",
        "qubits": 2,
        "batch": 1,
        "shots": 1000,
        "seed": 7,
        "counts": [{"00":498,"11":502}]
      }
      "
    `);
    const estimated = await results(['run', file('bell.json'), '--shots', '64', '--probabilities']);
    const [row] = estimated['probabilities'] as [number[]];
    expect(row[1]! + row[2]!).toBe(0);
    expect(row.map((p) => p * 64)).toEqual(row.map((p) => Math.round(p * 64)));
  });

  it('measures the observables it is given', async () => {
    const list = 'Z0 Z1, -0.5 X0*X1 + 2 + I0, 1e-1*Y0 Y1 - Z1';
    const { observables, expectations } = await results([
      'run',
      file('bell.json'),
      '--observables',
      list,
    ]);
    expect(observables).toEqual(['Z0 Z1', '-0.5 X0*X1 + 2 + I0', '1e-1*Y0 Y1 - Z1']);
    expect(expectations).toEqual([[1, 2.5, -0.1].map((v) => expect.closeTo(v, 12) as number)]);
    expect(await fault(['run', file('bell.json'), '--observables', 'Z2'], 1))
      .toMatchInlineSnapshot(`
      "ketwork: observable 0 uses qubit 2, which the circuit does not have. Use qubits 0 to 1
      "
    `);
    expect(await fault(['run', file('bell.json'), '--observables', 'Z0 X0'], 1))
      .toMatchInlineSnapshot(`
      "ketwork: the Pauli word 'ZX' acts twice on a qubit of [0, 0]. Name each qubit once
      "
    `);
  });

  it('takes values from the command line, a file or the standard input', async () => {
    const inline = '{"x": [[0.1, 0.2], [0.3, 0.4]], "t": 0.5}';
    const [fromText, fromFile, fromInput] = await Promise.all([
      results(['run', file('ansatz.json'), '--values', inline, '--observables', 'Z0']),
      results(['run', file('ansatz.json'), '--values', file('values.json'), '--observables', 'Z0']),
      results(['run', file('ansatz.json'), '--values', '-', '--observables', 'Z0'], inline),
    ]);
    expect(fromText['batch']).toBe(2);
    expect(fromText['expectations']).toEqual(
      [0.1, 0.3].map((x) => [expect.closeTo(Math.cos(x), 12) as number]),
    );
    expect(fromFile).toEqual(fromText);
    expect(fromInput).toEqual(fromText);
  });

  it('refuses values that do not fit', async () => {
    const values = [
      '{"x": [1, 2]}',
      '{"x": [1, 2, 3], "t": 0}',
      '{"x": "1"}',
      '{"x": [1',
      '{"x": [1, 2], "t": 0, "y": 1}',
    ];
    const faults = await Promise.all([
      fault(['run', file('ansatz.json')], 1),
      ...values.map((text) => fault(['run', file('ansatz.json'), '--values', text], 1)),
      fault(['run', file('ansatz.json'), '--values', file('bell.txt')], 1),
      fault(['run', file('ansatz.json'), '--values', file('list.json')], 1),
    ]);
    expect(faults.join('')).toMatchSnapshot();
  });

  it('prints amplitudes on request and leaves out what is too long', async () => {
    const { state } = await results(['run', file('bell.json'), '--state']);
    const amplitude = expect.closeTo(Math.SQRT1_2, 12) as number;
    expect(state).toEqual([
      [
        [amplitude, 0],
        [0, 0],
        [0, 0],
        [amplitude, 0],
      ],
    ]);
    expect(Object.keys(await results(['run', file('wide.json'), '--shots', '2']))).toContain(
      'counts',
    );
    expect(await fault(['run', file('wide.json'), '--state'], 1)).toMatchInlineSnapshot(`
      "ketwork: a result of 8388608 numbers is too long to print. Ask for --observables or --shots, or use the library
      "
    `);
  });
});

describe('ketwork draw', () => {
  it('draws text, folded on request', async () => {
    const { stdout } = await ketwork(['draw', file('ansatz.json')]);
    expect(stdout).toMatchInlineSnapshot(`
      "    ┌──────────┐
      q0: ┤ RX(x[0]) ├──■───────────
          ├──────────┤┌─┴─┐┌───────┐
      q1: ┤ RX(x[1]) ├┤ X ├┤ RY(t) ├
          └──────────┘└───┘└───────┘
      "
    `);
    const folded = await answer(['draw', file('ansatz.json'), '--width', '20']);
    const widths = folded.split('\n').map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(20);
    expect(folded).toContain('»');
  });

  it('writes an SVG to a file, whole or not at all', async () => {
    const target = file('bell.svg');
    const written = await ketwork(['draw', file('bell.json'), '--svg', '--out', target]);
    expect(written).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(target, 'utf8')).toBe(await answer(['draw', file('bell.json'), '--svg']));
    expect(readFileSync(target, 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>\n$/);

    const before = readdirSync(folder);
    await fault(['draw', file('truncated.json'), '--out', file('none.txt')], 1);
    await fault(['draw', file('truncated.json'), '--svg', '--out', target], 1);
    expect(await fault(['draw', file('bell.json'), '--out', join(folder, 'no', 'x.txt')], 1)).toBe(
      'ketwork: cannot write <folder>/no/x.txt: no such file or folder\n',
    );
    // The last step fails here: a folder has the name already.
    await fault(['draw', file('bell.json'), '--out', folder], 1);
    expect(readdirSync(folder)).toEqual(before);
    expect(readFileSync(target, 'utf8')).toContain('</svg>');
  });
});

describe('ketwork specs', () => {
  it('prints a table, or JSON', async () => {
    const { stdout } = await ketwork(['specs', file('ansatz.json')]);
    expect(stdout).toMatchInlineSnapshot(`
      "qubits           2
      classical bits   0
      operations       4
      depth            3
      two-qubit depth  1
      non-Clifford     3, depth 2
      measurements     0
      weights          1
      inputs           2 per example
        RX             2
        CNOT           1
        RY             1
      slot x           [2] scalar, one per example
      slot t           [] scalar, shared
      "
    `);
    expect(await results(['specs', file('ansatz.json'), '--json'])).toMatchObject({
      qubits: 2,
      depth: 3,
      gates: { RX: 2, CNOT: 1, RY: 1 },
      weights: 1,
      inputs: 2,
      slots: ansatz.slots,
    });
  });
});

describe('ketwork convert', () => {
  const text = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg a[2];\nh a[0];\ncx a[0], a[1];\n';

  it('writes OpenQASM and JSON, and all commands read both', async () => {
    writeFileSync(file('bell.qasm'), text);
    expect(await answer(['convert', file('bell.qasm'), '--to', 'json'])).toBe(`${toJSON(bell)}\n`);
    expect(await answer(['convert', file('bell.qasm'), '--to', 'qasm2'])).toBe(text);
    expect(await answer(['convert', file('bell.json')])).toContain('cx q[0], q[1];');
    expect(await answer(['convert', file('bell.json'), '--out', file('out.qasm')])).toBe('');
    expect(await answer(['draw', file('out.qasm')])).toBe(
      await answer(['draw', file('bell.json')]),
    );
    expect(await results(['run', file('bell.qasm')])).toEqual(
      await results(['run', file('bell.json')]),
    );
    expect(await results(['specs', '-', '--json'], text)).toMatchObject({ qubits: 2 });
  });

  it('runs programs that measure, and prints their bits', async () => {
    const measured = `${text}creg c[2];\nmeasure a[1] -> c[1];\nif (c == 2) x a[0];\nmeasure a[0] -> c[0];\n`;
    writeFileSync(file('measured.qasm'), measured);
    const { bitProbabilities } = await results(['run', file('measured.qasm'), '--bits']);
    const [row] = bitProbabilities as number[][];
    // Bit 0 is 0 in the end, bit 1 either.
    [0.5, 0.5, 0, 0].forEach((p, i) => expect(row![i]).toBeCloseTo(p, 12));
    const drawn = await results([
      'run',
      file('measured.qasm'),
      '--bits',
      '--shots',
      '50',
      '--seed',
      '1',
    ]);
    const [counted] = drawn['bitCounts'] as Record<string, number>[];
    expect(Object.keys(counted!).every((key) => key === '00' || key === '01')).toBe(true);
    expect(await fault(['run', file('bell.json'), '--bits'], 1)).toContain('no classical bits');
    expect(await fault(['run', file('bell.json'), '--bits', '--state'], 2)).toContain('--bits');
  });

  it('says where a program is wrong', async () => {
    writeFileSync(file('wrong.qasm'), text.replace('cx', 'cxx'));
    expect(await fault(['run', file('wrong.qasm')], 1)).toBe(
      "ketwork: <folder>/wrong.qasm: line 5, column 1: unknown gate 'cxx' (did you mean 'cx'?). Define it with gate, or use another one\n" +
        '  5 | cxx a[0], a[1];\n    | ^^^\n',
    );
    expect(await fault(['convert', file('bell.json'), '--to', 'qasm'], 2)).toContain(
      'qasm3, qasm2 or json',
    );
    expect(await fault(['convert', file('ansatz.json'), '--to', 'qasm2'], 1)).toContain('bind()');
  });
});
