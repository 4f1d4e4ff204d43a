// The plane: what the model says of every place, and the points it is trained on.
import { REACH } from './task.ts';
import type { Points } from './task.ts';

/** Cells a side of the picture of the model. */
export const SIDE = 56;

type Colour = readonly [number, number, number];

/** Draws probabilities of class 1 on a {@link SIDE} × {@link SIDE} grid, if there are any, and points. */
export function drawPlane(
  canvas: HTMLCanvasElement,
  points: Points,
  probabilities: Float64Array | undefined,
): void {
  const size = 2 * Math.max(200, Math.round(canvas.clientWidth));
  if (canvas.width !== size) {
    canvas.width = size;
    canvas.height = size;
  }
  const context = canvas.getContext('2d')!;
  const style = getComputedStyle(canvas);
  const colour = (name: string): Colour => rgb(context, style.getPropertyValue(name));
  const ground = colour('--surface');
  const sides = [colour('--class-a'), colour('--class-b')] as const;
  context.fillStyle = css(ground);
  context.fillRect(0, 0, size, size);
  if (probabilities !== undefined) {
    const small = new OffscreenCanvas(SIDE, SIDE);
    const image = new ImageData(SIDE, SIDE);
    probabilities.forEach((p, i) => {
      const strength = 0.62 * Math.abs(2 * p - 1) ** 0.8;
      const side = sides[p > 0.5 ? 1 : 0];
      for (let c = 0; c < 3; c++) {
        image.data[4 * i + c] = ground[c]! + strength * (side[c]! - ground[c]!);
      }
      image.data[4 * i + 3] = 255;
    });
    small.getContext('2d')!.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(small, 0, 0, size, size);
    boundary(context, probabilities, size, css(colour('--ink')));
  }
  const radius = size / 110;
  for (let i = 0; i < points.labels.length; i++) {
    const x = (points.inputs[2 * i]! / REACH + 1) * (size / 2);
    const y = (1 - points.inputs[2 * i + 1]! / REACH) * (size / 2);
    const label = points.labels[i] === 1 ? 1 : 0;
    context.beginPath();
    // Shapes tell the classes apart without colours.
    if (label === 0) context.arc(x, y, radius, 0, 2 * Math.PI);
    else context.rect(x - radius * 0.88, y - radius * 0.88, 1.76 * radius, 1.76 * radius);
    context.fillStyle = css(sides[label]);
    context.fill();
    context.lineWidth = size / 400;
    context.strokeStyle = css(ground);
    context.stroke();
  }
}

/** The line where both classes are as probable, by marching squares. */
function boundary(
  context: CanvasRenderingContext2D,
  p: Float64Array,
  size: number,
  colour: string,
): void {
  const cell = size / SIDE;
  context.beginPath();
  for (let row = 0; row + 1 < SIDE; row++) {
    for (let column = 0; column + 1 < SIDE; column++) {
      const at = row * SIDE + column;
      const corners = [p[at]!, p[at + 1]!, p[at + SIDE + 1]!, p[at + SIDE]!];
      const places = [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ] as const;
      const crossings: [number, number][] = [];
      for (let side = 0; side < 4; side++) {
        const [a, b] = [corners[side]! - 0.5, corners[(side + 1) % 4]! - 0.5];
        if (a > 0 === b > 0) continue;
        const t = a / (a - b);
        const [from, to] = [places[side]!, places[(side + 1) % 4]!];
        crossings.push([
          (column + 0.5 + from[0] + t * (to[0] - from[0])) * cell,
          (row + 0.5 + from[1] + t * (to[1] - from[1])) * cell,
        ]);
      }
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        context.moveTo(...crossings[i]!);
        context.lineTo(...crossings[i + 1]!);
      }
    }
  }
  context.strokeStyle = colour;
  context.globalAlpha = 0.75;
  context.lineWidth = size / 260;
  context.lineCap = 'round';
  context.stroke();
  context.globalAlpha = 1;
}

/** Red, green and blue of any CSS colour: the canvas writes what it is given as #rrggbb. */
function rgb(context: CanvasRenderingContext2D, colour: string): Colour {
  context.fillStyle = colour.trim();
  const value = Number.parseInt(context.fillStyle.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function css([r, g, b]: Colour): string {
  return `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;
}
