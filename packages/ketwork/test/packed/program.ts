import { adam, circuit, cpu, crossEntropy, dense, expval, input, probabilities } from 'ketwork';
import { fit, quantum, sequential, weight, X, Z } from 'ketwork';

function check(
  what: string,
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance = 1e-12,
): void {
  const fits =
    actual.length === expected.length &&
    expected.every((value, i) => Math.abs(value - actual[i]!) <= tolerance);
  if (!fits)
    throw new Error(
      `${what}: got [${Array.from(actual).join(', ')}], expected [${expected.join(', ')}]`,
    );
}

/** What a first user does, in any runtime: run a circuit, differentiate one, train a small hybrid model. */
export async function program(): Promise<Record<string, unknown>> {
  const engine = await cpu();

  const bell = circuit(2, (q) => {
    q.h(0);
    q.cnot(0, 1);
  });
  check(
    'probabilities of a Bell pair',
    engine.compile(bell, probabilities()).run(),
    [0.5, 0, 0, 0.5],
  );

  // ⟨Z⟩ = cos(x + w) and ⟨X⟩ = sin(x + w) after two rotations about Y.
  const turns = circuit(1, { x: input([]), w: weight([1]) }, (q, { x, w }) => {
    q.ry(x.at(), 0);
    q.ry(w.at(0), 0);
  });
  const turned = engine.compile(turns, expval(Z(0), X(0)));
  const x = [0.1, 0.2, 0.3];
  const values = { x, w: [0.4] };
  check(
    'expectations',
    turned.run(values),
    x.flatMap((v) => [Math.cos(v + 0.4), Math.sin(v + 0.4)]),
  );
  const each = x.map((v) => Math.cos(v + 0.4) - Math.sin(v + 0.4));
  const gradient = turned.vjp(values, [1, 1, 1, 1, 1, 1]);
  check('gradient of inputs', gradient.x, each);
  check('gradient of weights', gradient.w, [each.reduce((a, b) => a + b)]);
  const perExample = turned.vjp(values, [1, 1, 1, 1, 1, 1], { wrt: ['w'], perExample: true });
  check('gradient by example', perExample.w, each);

  const ansatz = circuit(2, (q) => {
    q.angleEmbedding(input('x', [2]));
    q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
  });
  const model = sequential(quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2));
  const xor = { inputs: [0, 0, 0, 1, 1, 0, 1, 1], labels: [0, 1, 1, 0] };
  const options = { loss: crossEntropy, optimizer: adam(0.1), epochs: 1, batchSize: 2, seed: 1 };
  const { steps, history } = await fit(model, xor, { ...options, engine });
  const loss = history[0]?.loss;
  if (steps !== 2 || loss === undefined || !(loss > 0 && loss < 5)) {
    throw new Error(`fit took ${steps} steps and ended with the loss ${loss}`);
  }

  engine.dispose();
  return { steps, loss };
}
