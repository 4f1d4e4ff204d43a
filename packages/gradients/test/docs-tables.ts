import { UnsupportedError } from '@ketwork/base';
import { amplitudes, circuit, expval, hermitianSlot, weight, X, Z } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { differentiate, differentiationMethods, methodLimit } from '@ketwork/gradients';
import { cpu, densityMatrix, reference, trajectories } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What each method is and costs. */
function methodsTable(): string {
  return table(
    ['method', 'how', 'accuracy', 'runs', 'source'],
    differentiationMethods.map(({ method, summary, accuracy, runs, source }) => [
      `\`${method}\``,
      summary,
      accuracy === 'step' ? 'error of the step' : accuracy,
      runs,
      source,
    ]),
  );
}

/** Which engines fill each cell, by the data that `differentiate` reads. */
function cellsTable(engines: readonly Engine[]): string {
  const types = Object.keys(differentiationMethods[0]!.cells) as Measurement['type'][];
  const able = (
    method: (typeof differentiationMethods)[number]['method'],
    type: Measurement['type'],
    shots: boolean,
  ): string => {
    const names = engines
      .filter(({ capabilities }) => methodLimit(method, type, shots, capabilities) === undefined)
      .map(({ name }) => name);
    return names.length === engines.length ? 'all' : names.length === 0 ? '–' : names.join(', ');
  };
  const rows = differentiationMethods.flatMap(({ method }) => {
    const found: { types: string[]; exact: string; shots: string }[] = [];
    for (const type of types) {
      const exact = able(method, type, false);
      const shots = able(method, type, true);
      const same = found.find((row) => row.exact === exact && row.shots === shots);
      if (same === undefined) found.push({ types: [type], exact, shots });
      else same.types.push(type);
    }
    return found.map((row, i) => [
      i === 0 ? `\`${method}\`` : '',
      row.types.join(', '),
      row.exact,
      row.shots,
    ]);
  });
  return table(['method', 'measurement', 'exact', 'from shots'], rows);
}

const w = weight('w', [1]);
const expectation = expval(Z(0));

/** Circuits that each have one thing in them, and the slot to differentiate by. */
const features: readonly (readonly [name: string, c: Circuit, slot: string])[] = [
  [
    'gates, evolutions under Pauli sums and small matrices',
    circuit(1, (q) => q.rx(w.at(0), 0)),
    'w',
  ],
  [
    'time of an evolution with a drift',
    circuit(1, (q) => q.evolution(X(0), w.at(0), [0], { drift: Z(0) })),
    'w',
  ],
  [
    'time of an evolution under a slot',
    circuit(1, (q) => q.evolution(hermitianSlot('h', 2), w.at(0), [0])),
    'w',
  ],
  [
    'amplitudes, matrices of slots',
    circuit(1, (q) => q.prepare(amplitudes('a', [2]), [0], { normalize: true })),
    'a',
  ],
  ['parameters of channels', circuit(1, (q) => q.bitFlip(w.at(0), 0)), 'w'],
  [
    'gates among channels, measurements, resets',
    circuit(1, (q) => q.rx(w.at(0), 0).bitFlip(0.1, 0)),
    'w',
  ],
  [
    'gates in branches',
    circuit(1, (q) =>
      q
        .h(0)
        .measure(0, 0)
        .if(0, () => q.rx(w.at(0), 0)),
    ),
    'w',
  ],
  [
    'gates before post-selection',
    circuit(1, (q) => q.rx(w.at(0), 0).measure(0, 0, { postselect: 1 })),
    'w',
  ],
];

const samples: Readonly<Record<string, number[]>> = {
  w: [0.3],
  h: [1, 0, 0, 0, 0, 0, -1, 0],
  a: [1, 0.5],
};

/** What each method goes through, by trying. */
function featuresTable(): string {
  const engine = reference();
  const rows = features.map(([name, c, slot]) => [
    name,
    ...differentiationMethods.map(({ method }) => {
      try {
        const values = Object.fromEntries(c.slots.map((s) => [s.name, samples[s.name]!]));
        differentiate(engine, c, expectation, { method }).jacobian(values, { wrt: [slot] });
        return 'yes';
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
        return '–';
      }
    }),
  ]);
  return table(['derivative by', ...differentiationMethods.map(({ method }) => method)], rows);
}

/** The tables of `docs/gradients.md`, made from what the code does. */
export async function docsTables(): Promise<
  Readonly<Record<'methods' | 'cells' | 'features', string>>
> {
  const engines = [await cpu(), reference(), densityMatrix(), await trajectories()];
  return { methods: methodsTable(), cells: cellsTable(engines), features: featuresTable() };
}
