/** Gates of the table that neither version has in its standard file, as bodies that are exact, global phase included. */
export const DEFINITIONS: Readonly<Record<string, readonly string[]>> = {
  RXX: [
    'gate rxx(theta) a, b {',
    '  h a;',
    '  h b;',
    '  cx a, b;',
    '  rz(theta) b;',
    '  cx a, b;',
    '  h b;',
    '  h a;',
    '}',
  ],
  RYY: [
    'gate ryy(theta) a, b {',
    '  rx(pi/2) a;',
    '  rx(pi/2) b;',
    '  cx a, b;',
    '  rz(theta) b;',
    '  cx a, b;',
    '  rx(-pi/2) b;',
    '  rx(-pi/2) a;',
    '}',
  ],
  RZZ: ['gate rzz(theta) a, b {', '  cx a, b;', '  rz(theta) b;', '  cx a, b;', '}'],
  ISWAP: [
    'gate iswap a, b {',
    '  s a;',
    '  s b;',
    '  h a;',
    '  cx a, b;',
    '  cx b, a;',
    '  h b;',
    '}',
  ],
  ISWAPdg: [
    'gate iswapdg a, b {',
    '  h b;',
    '  cx b, a;',
    '  cx a, b;',
    '  h a;',
    '  sdg b;',
    '  sdg a;',
    '}',
  ],
  ECR: [
    'gate ecr a, b {',
    '  h b;',
    '  cx a, b;',
    '  rz(pi/2) b;',
    '  cx a, b;',
    '  h b;',
    '  x a;',
    '}',
  ],
};

/** Name of a gate that a definition makes. */
export function definedName(gate: string): string {
  return /^gate (\w+)/.exec(DEFINITIONS[gate]![0]!)![1]!;
}

/** Definition of a rotation about a Pauli word without identities. */
export function pauliDefinition(word: string): readonly string[] {
  const qubits = [...word].map((_, i) => `a${i}`);
  const last = qubits.at(-1)!;
  const change = (sign: 1 | -1): string[] =>
    [...word].flatMap((letter, i) => {
      if (letter === 'X') return [`  h ${qubits[i]};`];
      return letter === 'Y' ? [`  rx(${sign === 1 ? '' : '-'}pi/2) ${qubits[i]};`] : [];
    });
  const ladder = qubits.slice(0, -1).map((qubit) => `  cx ${qubit}, ${last};`);
  return [
    `gate ${pauliName(word)}(theta) ${qubits.join(', ')} {`,
    ...change(1),
    ...ladder,
    `  rz(theta) ${last};`,
    ...ladder.toReversed(),
    ...change(-1),
    '}',
  ];
}

/** Name of the gate that rotates about a Pauli word. */
export function pauliName(word: string): string {
  return `pauli_${word.toLowerCase()}`;
}
