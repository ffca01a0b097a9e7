// @ts-check
// The last snapshots as bars, a byte a pixel or less, and above them how early the newest input was.

const SNAPSHOTS = 240;

export class Chart {
  #canvas;
  #paint;
  /** @type {{ bytes: number, margin: number | null }[]} */
  #snapshots = [];

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /** @param {number} bytes @param {number | null} margin ticks */
  add(bytes, margin) {
    this.#snapshots.push({ bytes, margin });
    if (this.#snapshots.length > SNAPSHOTS) this.#snapshots.shift();
  }

  draw() {
    const canvas = this.#canvas;
    [canvas.width, canvas.height] = [canvas.clientWidth, canvas.clientHeight];
    const { width, height } = canvas;
    const paint = this.#paint;
    const most = Math.max(1, ...this.#snapshots.map(({ bytes }) => bytes));
    const margins = this.#snapshots.map(({ margin }) => Math.abs(margin ?? 0));
    const widest = Math.max(4, ...margins);
    const step = width / SNAPSHOTS;
    this.#snapshots.forEach(({ bytes, margin }, nth) => {
      paint.fillStyle = "#4f7fd0";
      const tall = (bytes / most) * (height - 34);
      paint.fillRect(nth * step, height - tall, Math.max(step - 0.5, 1), tall);
      if (margin === null) return;
      // Early is above the line, late below it.
      paint.fillStyle = margin < 0 ? "#ff5d5d" : "#7be0a8";
      paint.fillRect(nth * step, 16, Math.max(step - 0.5, 1), (-margin / widest) * 14);
    });
    paint.fillStyle = "#8794b0";
    paint.font = "11px system-ui";
    paint.fillText(`snapshots up to ${most} bytes`, 4, height - 4);
  }
}
