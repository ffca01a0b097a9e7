// @ts-check
// The shield ring of a ship, painted once for a scale and then copied: in software rendering its strokes took a
// tenth of a crowded frame (docs/performance.md).
//
// It owns the sprites of the newest scale, one for each half-pixel offset, since at whole pixels a ring would
// jitter around its moving ship. Made and called by ships.js.

/** @typedef {import("./canvas.js").Canvas} Canvas */

/** Sub-pixel offsets in each direction. */
const PHASES = 2;

export class ShieldSprite {
  /** @param {string} colour @param {number} radius units @param {number} width CSS pixels */
  constructor(colour, radius, width) {
    /** @private */
    this.colour = colour;
    /** @private */
    this.radius = radius;
    /** @private */
    this.width = width;
    /** CSS pixels per unit, and pixels of the canvas per CSS pixel. @private */
    this.scale = 0;
    /** @private */
    this.ratio = 0;
    /** Whether both are those of the frame before: in a zoom a sprite would last one frame only. @private */
    this.isSteady = false;
    /** By the offsets in both directions. @private @type {(HTMLCanvasElement | undefined)[]} */
    this.sprites = [];
  }

  /** A frame begins. @param {Canvas} canvas */
  begin({ camera, ratio }) {
    this.isSteady = camera.scale === this.scale && ratio === this.ratio;
    if (this.isSteady) return;
    this.scale = camera.scale;
    this.ratio = ratio;
    this.sprites = [];
  }

  /** Paints it around a place of the world under any transform; leaves the pixel transform set.
   *  @param {Canvas} canvas @param {number} x @param {number} y @param {number} alpha */
  draw(canvas, x, y, alpha) {
    const { context, camera } = canvas;
    const px = camera.screenX(x) * this.ratio;
    const py = camera.screenY(y) * this.ratio;
    canvas.toPixels();
    context.globalAlpha = alpha;
    if (this.isSteady) this.copy(context, px, py);
    else this.stroke(context, px, py);
    context.globalAlpha = 1;
  }

  /** @private @param {CanvasRenderingContext2D} context @param {number} x @param {number} y in pixels of the canvas */
  copy(context, x, y) {
    const [column, row] = [Math.round(x * PHASES), Math.round(y * PHASES)];
    const [left, top] = [Math.floor(column / PHASES), Math.floor(row / PHASES)];
    const sprite = this.spriteOf(column - left * PHASES, row - top * PHASES);
    context.drawImage(sprite, left - this.half, top - this.half);
  }

  /** From the middle of a sprite to its edge, in whole pixels. @private */
  get half() {
    return Math.ceil((this.radius * this.scale + this.width) * this.ratio) + 1;
  }

  /** @private @param {number} column @param {number} row */
  spriteOf(column, row) {
    const known = this.sprites[column * PHASES + row];
    if (known) return known;
    const sprite = document.createElement("canvas");
    sprite.width = sprite.height = 2 * this.half + 1;
    const context = /** @type {CanvasRenderingContext2D} */ (sprite.getContext("2d"));
    this.stroke(context, this.half + column / PHASES, this.half + row / PHASES);
    this.sprites[column * PHASES + row] = sprite;
    return sprite;
  }

  /** @private @param {CanvasRenderingContext2D} context @param {number} x @param {number} y */
  stroke(context, x, y) {
    context.beginPath();
    context.arc(x, y, this.radius * this.scale * this.ratio, 0, 2 * Math.PI);
    context.lineWidth = this.width * this.ratio;
    context.strokeStyle = this.colour;
    context.stroke();
  }
}
