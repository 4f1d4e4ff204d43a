import type { Circuit } from '../../src/index.ts';
import { amplitudes, circuit, hermitianSlot, input, pauli, weight } from '../../src/index.ts';

/** One of every kind of operation and sign. */
export function everything(): Circuit {
  const x = input('x', [2]);
  const w = weight('w', [2, 4, 3]);
  const identity = [
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
  ];
  return circuit(4, (q) =>
    q
      .prepare(amplitudes('a', [4]), [2, 3], { normalize: true })
      .h(0)
      .cnot(0, 1)
      .rx(x.at(0), 0)
      .rx(x.at(1).times(2), 1)
      .rot(w.at(0, 0, 0), w.at(0, 0, 1), w.at(0, 0, 2), 2)
      .rzz(x.at(0).times(x.at(1)), 0, 2)
      .swap(1, 3)
      .cnot(3, 0)
      .cz(1, 2)
      .toffoli(0, 3, 2)
      .fredkin(1, 0, 2)
      .barrier()
      .pauliRot(0.12345, 'XYZ', [0, 1, 3])
      .control([{ qubit: 0, value: 0 }, 3], (inner) => inner.ry(Math.PI / 2, 2))
      .control([{ qubit: 1, value: 0 }], (inner) => inner.multiRZ(1, [0, 3]))
      .sdg(2)
      .unitary(identity, [2, 1], { label: 'oracle' })
      .evolution(hermitianSlot('h', 4), w.at(1, 0, 0), [0, 1])
      .evolution(pauli('ZZ'), -0.5, [0, 1])
      .channel('depolarizing', [0.01], 0)
      .cp(Math.PI / 4, 2, 3)
      .measure(0, 0)
      .measure(2, 1, { postselect: 1 })
      .if(0, (then) => then.x(1))
      .if(
        { bits: [0, 1], value: 2 },
        (then) => then.h(1).cnot(1, 2),
        (otherwise) => otherwise.x(2),
      )
      .reset(0, 3),
  );
}
