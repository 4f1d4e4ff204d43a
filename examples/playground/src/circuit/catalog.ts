// The palette: what can be put into a circuit, in groups, with keys for the board.

/** One entry of the palette. */
export interface PaletteItem {
  /** Name in the library's gate table, or `measure`, `reset`, `barrier`, `control`. */
  readonly kind: string;
  /** Text on the chip. */
  readonly label: string;
  /** What it is, for tooltips and screen readers. */
  readonly title: string;
  /** Key that places it where the cursor of the board is. */
  readonly key?: string;
}

/** A group of the palette. */
export interface PaletteGroup {
  readonly name: string;
  readonly items: readonly PaletteItem[];
}

const item = (kind: string, title: string, key?: string, label: string = kind): PaletteItem =>
  key === undefined ? { kind, label, title } : { kind, label, title, key };

/** All groups. */
export const palette: readonly PaletteGroup[] = [
  {
    name: 'Fixed',
    items: [
      item('H', 'Hadamard', 'h'),
      item('X', 'Pauli X, the NOT gate', 'x'),
      item('Y', 'Pauli Y', 'y'),
      item('Z', 'Pauli Z', 'z'),
      item('S', 'S, a quarter turn about z', 's'),
      item('T', 'T, an eighth turn about z', 't'),
      item('SX', 'Square root of X', 'v', '√X'),
    ],
  },
  {
    name: 'Rotations',
    items: [
      item('RX', 'Rotation about x', '1'),
      item('RY', 'Rotation about y', '2'),
      item('RZ', 'Rotation about z', '3'),
      item('P', 'Phase shift', 'p'),
      item('Rot', 'General rotation RZ RY RZ', '4'),
    ],
  },
  {
    name: 'Several qubits',
    items: [
      item('CNOT', 'Controlled X', 'c', 'CX'),
      item('CZ', 'Controlled Z', 'k'),
      item('SWAP', 'Exchange two qubits', 'w'),
      item('CRY', 'Controlled rotation about y', '5'),
      item('CP', 'Controlled phase', '6'),
      item('RZZ', 'Ising ZZ coupling', '7'),
      item('Toffoli', 'X with two controls', 'f', 'CCX'),
      item('control', 'Control: drop it in the column of a gate', 'o', '●'),
    ],
  },
  {
    name: 'Other',
    items: [
      item('measure', 'Measurement into a classical bit', 'm', 'M'),
      item('reset', 'Back to |0⟩', 'r', '|0⟩'),
      item('barrier', 'Barrier across all qubits', 'b', '┆'),
    ],
  },
];

/** All entries, group after group. */
export const paletteItems: readonly PaletteItem[] = palette.flatMap((group) => group.items);
