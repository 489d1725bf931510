// Paints the area map: tiles with their names. Reads no layout of the page while it paints.

const gap = 1;
const padding = 5;
const lineHeight = 15;
/** Narrower or lower than this no name is worth the space. */
const labelWidthMinimum = 34;
const labelHeightMinimum = 20;
const hatchStep = 7;
/** Height of the stripes at a tile's lower edge: where every tile has them, they are no pattern of their own. */
const hatchBand = 10;

/** The colours that tiles may have, from the style sheet: all schemes are decided there. */
export function palette(element, names) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const colours = { ground: colour("map-ground"), ink: colour("map-ink"), chosen: colour("map-chosen"), halo: colour("map-halo"), rest: colour("map-table"), line: colour("line") };
  for (const name of names) colours[name] = colour(name);
  colours.inks = new Map();
  colours.font = `12px ${colour("sans")}`;
  return colours;
}

/** Black or white, whichever is easier to read on a colour of six digits; the ink of the page on any other. */
export function inkOn(colour, ink) {
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!digits) return ink;
  const [red, green, blue] = digits.slice(1).map((pair) => {
    const value = parseInt(pair, 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000000" : "#ffffff";
}

/**
 * Paints `tiles`: `{x, y, width, height, colour, name, note, hatched}`, with a frame around the one at `hover` and a
 * strong one around that at `cursor`; -1 is none.
 */
export function paint(context, width, height, tiles, { hover, cursor }, colours) {
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, width, height);
  context.font = colours.font;
  context.textBaseline = "top";
  context.textAlign = "left";
  context.direction = "ltr";
  context.lineWidth = 1;
  for (const tile of tiles) paintTile(context, tile, colours);
  if (hover >= 0 && hover < tiles.length) frame(context, tiles[hover], colours, 2);
  if (cursor >= 0 && cursor < tiles.length) frame(context, tiles[cursor], colours, 3);
}

function paintTile(context, tile, colours) {
  const x = tile.x;
  const y = tile.y;
  const width = Math.max(0.5, tile.width - gap);
  const height = Math.max(0.5, tile.height - gap);
  const colour = colours[tile.colour] || colours.rest;
  let ink = colours.inks.get(colour);
  if (!ink) colours.inks.set(colour, ink = inkOn(colour, colours.ink));
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
  const isPlain = !colour.startsWith("#");
  if (tile.hatched) {
    const band = Math.min(height, hatchBand);
    hatch(context, x, y + height - band, width, band, isPlain ? colours.ink : ink);
  }
  // Without colours of its own, as in forced colours, a tile is told apart by its line.
  if (isPlain && width > 2 && height > 2) {
    context.strokeStyle = colours.ink;
    context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  }
  if (width < labelWidthMinimum || height < labelHeightMinimum) return;
  const room = width - 2 * padding;
  const name = fitted(context, tile.name, room);
  if (!name) return;
  const lines = height >= labelHeightMinimum + lineHeight ? [name, fitted(context, tile.note, room)] : [name];
  if (tile.hatched) {
    // Stripes behind letters would make them hard to read.
    const widest = Math.max(...lines.map((line) => context.measureText(line).width));
    context.fillStyle = colour;
    context.fillRect(x + padding - 2, y + padding - 2, widest + 4, lines.length * lineHeight + 1);
  }
  context.fillStyle = isPlain ? colours.ink : ink;
  lines.forEach((line, index) => context.fillText(line, x + padding, y + padding + index * lineHeight));
}

/** Stripes: something is to be known about it, whatever the colour says. */
function hatch(context, x, y, width, height, ink) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.globalAlpha = 0.45;
  context.strokeStyle = ink;
  context.beginPath();
  for (let at = -height; at < width; at += hatchStep) {
    context.moveTo(x + at, y + height);
    context.lineTo(x + at + height, y);
  }
  context.stroke();
  context.restore();
}

function frame(context, tile, colours, thickness) {
  const inset = thickness / 2;
  const [x, y] = [tile.x + inset, tile.y + inset];
  const [width, height] = [Math.max(1, tile.width - gap - thickness), Math.max(1, tile.height - gap - thickness)];
  context.lineWidth = thickness + 2;
  context.strokeStyle = colours.halo;
  context.strokeRect(x, y, width, height);
  context.lineWidth = thickness;
  context.strokeStyle = colours.chosen;
  context.strokeRect(x, y, width, height);
  context.lineWidth = 1;
}

/** As much of a text as there is room for; empty where that is nearly nothing. */
function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return low < 2 ? "" : `${text.slice(0, low)}…`;
}
