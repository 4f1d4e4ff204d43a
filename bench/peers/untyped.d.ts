// The parts used of packages without types.
declare module 'jsqubits' {
  interface State {
    rotateX(bit: number, angle: number): State;
    rotateY(bit: number, angle: number): State;
    rotateZ(bit: number, angle: number): State;
    cnot(control: number, target: number): State;
    each(
      visit: (component: { asNumber(): number; amplitude: { magnitude(): number } }) => void,
    ): void;
  }
  export function jsqubits(bits: string): State;
}
