// Points painted by the graphics card: one buffer of places, one of styles, one call a frame.
// Our own, because the libraries for it need eval, which the page forbids, or are larger than all our
// scripts together; see docs/adr/0035.

const VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in uvec4 style;
uniform vec2 scale;
uniform vec2 middle;
uniform float size;
uniform sampler2D palette;
flat out vec4 colour;
flat out uvec2 kind;
flat out float wide;
void main() {
  gl_Position = vec4((place - middle) * scale, 0.0, 1.0);
  bool plain = style.x == 0u;
  wide = size * (plain ? 0.8 : 1.3) * (style.z == 2u ? 1.6 : 1.0);
  gl_PointSize = wide;
  colour = texelFetch(palette, ivec2(int(style.x), 0), 0);
  colour.a *= style.z == 0u ? 0.1 : plain && style.z == 1u ? 0.6 : 0.9;
  kind = style.yz;
}`;

// Twelve shapes, as in the sprite: each a distance that is 1 at its edge.
const FRAGMENT = `#version 300 es
precision mediump float;
flat in vec4 colour;
flat in uvec2 kind;
flat in float wide;
uniform vec4 ink;
out vec4 painted;
float bars(vec2 p) { return min(max(p.x * 2.6, p.y), max(p.x, p.y * 2.6)); }
float hollow(float d) { return abs(d - 0.76) / 0.24; }
float shape(uint mark, vec2 p) {
  vec2 q = abs(p);
  float round_ = length(p), box = max(q.x, q.y) * 1.12, diamond = q.x + q.y;
  float triangle = 1.0 + max(p.y - 0.85, q.x - (p.y + 1.0) / 1.85);
  if (mark == 2u) return box;
  if (mark == 3u) return triangle;
  if (mark == 4u) return diamond;
  if (mark == 5u) return bars(q);
  if (mark == 6u) return max(q.y * 1.12, q.x * 0.97 + q.y * 0.56);
  if (mark == 7u) return hollow(round_);
  if (mark == 8u) return hollow(box);
  if (mark == 9u) return hollow(triangle);
  if (mark == 10u) return hollow(diamond);
  if (mark == 11u) return bars(abs(vec2(p.x + p.y, p.x - p.y)) * 0.75);
  if (mark == 12u) return max(q.x, q.y * 2.4);
  return round_;
}
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  bool chosen = kind.y == 2u;
  float d = shape(wide < 5.0 ? 1u : kind.x, chosen ? p * 1.5 : p);
  float soft = 2.0 / wide;
  float filled = 1.0 - smoothstep(1.0 - soft, 1.0 + 0.2 * soft, d);
  vec4 found = vec4(colour.rgb, colour.a * filled);
  if (chosen) {
    float ring = 1.0 - smoothstep(0.0, soft, abs(length(p) - 0.86) - 0.07);
    found = mix(found, ink, ring);
  }
  if (found.a < 0.01) discard;
  painted = vec4(found.rgb * found.a, found.a);
}`;

function compiled(gl, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
  return shader;
}

export class GlPainter {
  // Throws where the browser cannot.
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true, preserveDrawingBuffer: false });
    if (!gl) throw new Error("no WebGL 2");
    this.gl = gl;
    this.n = 0;
    this.program = gl.createProgram();
    gl.attachShader(this.program, compiled(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(this.program, compiled(gl, gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(this.program) ?? "link");
    gl.useProgram(this.program);
    this.at = Object.fromEntries(["scale", "middle", "size", "ink", "palette"].map((name) => [name, gl.getUniformLocation(this.program, name)]));
    this.buffers = { places: gl.createBuffer(), style: gl.createBuffer(), order: gl.createBuffer() };
    this.texture = gl.createTexture();
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  setPlaces(places) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.places);
    gl.bufferData(gl.ARRAY_BUFFER, places, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    this.n = places.length / 2;
  }

  setStyles(style, order) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.style);
    gl.bufferData(gl.ARRAY_BUFFER, style, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribIPointer(1, 4, gl.UNSIGNED_BYTE, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.order);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.DYNAMIC_DRAW);
  }

  setPalette(bytes, ink) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    gl.uniform1i(this.at.palette, 0);
    gl.uniform4fv(this.at.ink, ink.map((v) => v / 255));
  }

  // most: paint only so many, the last of the order
  paint(view, size, dpr, most = this.n) {
    const { gl } = this;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.at.scale, (2 * view.scale) / view.width, (2 * view.scale) / view.height);
    gl.uniform2f(this.at.middle, view.x, view.y);
    gl.uniform1f(this.at.size, size * dpr);
    const n = Math.min(this.n, Math.round(most));
    gl.drawElements(gl.POINTS, n, gl.UNSIGNED_INT, 4 * (this.n - n));
  }
}
