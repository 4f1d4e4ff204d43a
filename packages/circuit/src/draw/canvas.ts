/** Line weights of a cell towards its four neighbours: 0 none, 1 single, 2 double. */
interface Cell {
  up: number;
  down: number;
  left: number;
  right: number;
  /** A character that hides the lines. */
  text: string;
}

// Keys: up, down, left, right.
const CHARACTERS: Readonly<Record<string, string>> = {
  '0000': ' ',
  '0001': '─',
  '0010': '─',
  '0011': '─',
  '0100': '│',
  '1000': '│',
  '1100': '│',
  '0101': '┌',
  '0110': '┐',
  '1001': '└',
  '1010': '┘',
  '1101': '├',
  '1110': '┤',
  '0111': '┬',
  '1011': '┴',
  '1111': '┼',
  '0022': '═',
  '0020': '═',
  '0002': '═',
  '2200': '║',
  '2000': '║',
  '0200': '║',
  '2022': '╩',
  '0222': '╦',
  '2222': '╬',
  '2011': '╨',
  '0211': '╥',
  '2211': '╫',
  '1122': '╪',
  '1022': '╧',
  '0122': '╤',
};

/** A grid of characters on which lines join where they meet. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  private readonly cells: Cell[];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.cells = Array.from({ length: width * height }, () => ({
      up: 0,
      down: 0,
      left: 0,
      right: 0,
      text: '',
    }));
  }

  private cell(x: number, y: number): Cell {
    return this.cells[y * this.width + x]!;
  }

  /** A horizontal line through all cells from x1 to x2; with `open`, it does not end at the middle of the last cells. */
  horizontal(y: number, x1: number, x2: number, weight = 1, open = false): void {
    for (let x = x1; x <= x2; x++) {
      const cell = this.cell(x, y);
      if (open || x > x1) cell.left = Math.max(cell.left, weight);
      if (open || x < x2) cell.right = Math.max(cell.right, weight);
    }
  }

  /** A vertical line from the middle of cell y1 to the middle of cell y2. */
  vertical(x: number, y1: number, y2: number, weight = 1): void {
    for (let y = y1; y <= y2; y++) {
      const cell = this.cell(x, y);
      if (y > y1) cell.up = Math.max(cell.up, weight);
      if (y < y2) cell.down = Math.max(cell.down, weight);
    }
  }

  /** A frame; whatever lies inside is hidden. */
  frame(x1: number, y1: number, x2: number, y2: number): void {
    for (let y = y1 + 1; y < y2; y++) {
      for (let x = x1 + 1; x < x2; x++) this.cell(x, y).text = ' ';
      this.cell(x1, y).right = 0;
      this.cell(x2, y).left = 0;
    }
    this.horizontal(y1, x1, x2);
    this.horizontal(y2, x1, x2);
    this.vertical(x1, y1, y2);
    this.vertical(x2, y1, y2);
  }

  /** Writes over whatever is there. */
  write(x: number, y: number, text: string): void {
    [...text].forEach((character, i) => {
      this.cell(x + i, y).text = character;
    });
  }

  /** Whether nothing is drawn there. */
  isEmpty(x: number, y: number): boolean {
    const cell = this.cell(x, y);
    return cell.text === '' && cell.up + cell.down + cell.left + cell.right === 0;
  }

  /** The rows as text. */
  lines(): string[] {
    return Array.from({ length: this.height }, (_, y) =>
      this.cells
        .slice(y * this.width, (y + 1) * this.width)
        .map(({ up, down, left, right, text }) =>
          text === '' ? CHARACTERS[`${up}${down}${left}${right}`]! : text,
        )
        .join(''),
    );
  }
}
