/* Opening a model image: every size and offset is checked here, so that nothing later can read past the end. */
#include "model.h"

enum { WORDS = 24, TENSOR_WORDS = 8, GLOBALS = 5, LAYER_TENSORS = 11 /* norm1 twice, qkv twice, q_norm, k_norm, o twice, norm2 twice, router */, EXPERT_TENSORS = 4,
       MAX_SIZE = 1 << 24,
       MAX_GROUP = 1 << 15 }; /* 255 * 127 * 2^15 + 128 * 127 * 2^15 < 2^31: sums of a group fit 32 bits */
enum { HEAD_VERSION = 2, HEAD_WORDS, HEAD_VOCAB, HEAD_WIDTH, HEAD_LAYERS, HEAD_HEADS, HEAD_KV_HEADS, HEAD_D_HEAD,
       HEAD_D_FF, HEAD_CONTEXT, HEAD_CENTRED, HEAD_ROTARY, HEAD_GATED, HEAD_EXPERTS, HEAD_CHOSEN, HEAD_EPS,
       HEAD_SCALE, HEAD_TENSORS, HEAD_ACTIVATION };

typedef struct {
  const uint8_t *bytes;
  size_t size;
  size_t table; /* where the next tensor's entry lies */
  int broken;
} reader;

static uint32_t word(const reader *r, size_t at) {
  const uint8_t *b = r->bytes + at;
  return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static float number(const reader *r, size_t at) {
  union { uint32_t bits; float value; } u;
  u.bits = word(r, at);
  return u.value;
}

static int is_little_endian(void) {
  union { uint32_t word; uint8_t first; } u;
  u.word = 1;
  return u.first;
}

/* A stretch of the file, 64-byte aligned; NULL and broken if it does not lie inside. */
static const uint8_t *stretch(reader *r, size_t at, uint64_t count, uint64_t item) {
  uint64_t low = word(r, at), high = word(r, at + 4), offset = low | high << 32;
  if (high >> 16 || offset % 64 || count > (uint64_t)1 << 47 || item > 64 || offset > r->size ||
      count * item > r->size - offset) {
    r->broken = 1;
    return NULL;
  }
  return r->bytes + offset;
}

static const float *vector(reader *r, uint64_t n, int required) {
  size_t at = r->table;
  uint32_t kind = word(r, at);
  r->table += TENSOR_WORDS * 4;
  if (kind == LP_ABSENT && !required) return NULL;
  if (kind != LP_VECTOR || word(r, at + 4) != n) {
    r->broken = 1;
    return NULL;
  }
  return (const float *)(const void *)stretch(r, at + 16, n, 4);
}

static void matrix(reader *r, lp_matrix *m, int rows, int cols, int required) {
  size_t at = r->table;
  uint32_t kind = word(r, at), group = word(r, at + 12);
  uint64_t weights;
  r->table += TENSOR_WORDS * 4;
  m->kind = LP_ABSENT;
  if (kind == LP_ABSENT && !required) return;
  if (kind < LP_F32 || kind > LP_INT4 || word(r, at + 4) != (uint32_t)rows || word(r, at + 8) != (uint32_t)cols ||
      group < 4 || group > MAX_GROUP || group % 4 || (kind == LP_INT4 && group != LP_INT4_GROUP)) {
    r->broken = 1;
    return;
  }
  m->rows = rows, m->cols = cols, m->group = (int)group;
  m->blocks = lp_pad(rows, LP_LANES) / LP_LANES;
  m->panels = (m->blocks + LP_MAX_PANEL - 1) / LP_MAX_PANEL;
  if (m->panels % 2 && m->panels > 1) m->panels++; /* so that two threads have the same to do */
  m->groups = (cols + m->group - 1) / m->group;
  if (m->groups * m->group > lp_pad(cols, 64)) r->broken = 1; /* inputs are laid out in 64s */
  weights = (uint64_t)m->blocks * LP_LANES * (uint64_t)(kind == LP_F32 ? cols : m->groups * m->group);
  m->data = stretch(r, at + 16, kind == LP_INT4 ? weights / 2 : weights, kind == LP_F32 ? 4 : 1);
  m->scales = NULL;
  if (kind != LP_F32)
    m->scales = (const uint16_t *)(const void *)stretch(r, at + 24, (uint64_t)m->blocks * LP_LANES * (uint64_t)m->groups, 2);
  m->kind = (int)kind;
}

static int in_range(uint32_t value, uint32_t low, uint32_t high) { return value >= low && value <= high; }

static int read_head(reader *r, lp_model *m) {
  size_t tensors, experts, entries;
  if (!is_little_endian() || r->size < WORDS * 4 || word(r, 0) != 0x4d49504cu /* "LPIM" */ ||
      word(r, 4) != 0x31304745u /* "EG01" */ || word(r, HEAD_VERSION * 4) != 1)
    return LP_E_IMAGE;
  if (!in_range(word(r, HEAD_VOCAB * 4), 2, MAX_SIZE) || !in_range(word(r, HEAD_WIDTH * 4), 1, 1 << 16) ||
      !in_range(word(r, HEAD_LAYERS * 4), 1, 4096) || !in_range(word(r, HEAD_HEADS * 4), 1, 4096) ||
      !in_range(word(r, HEAD_KV_HEADS * 4), 1, 4096) || !in_range(word(r, HEAD_D_HEAD * 4), 1, LP_MAX_HEAD) ||
      !in_range(word(r, HEAD_D_FF * 4), 1, 1 << 18) || !in_range(word(r, HEAD_CONTEXT * 4), 2, 1 << 20) ||
      word(r, HEAD_CENTRED * 4) > 1 || word(r, HEAD_ROTARY * 4) > 1 || word(r, HEAD_GATED * 4) > 1 ||
      word(r, HEAD_ACTIVATION * 4) > LP_RELU ||
      word(r, HEAD_EXPERTS * 4) > 256 || word(r, HEAD_CHOSEN * 4) > word(r, HEAD_EXPERTS * 4) ||
      word(r, HEAD_CHOSEN * 4) > 16 || !word(r, HEAD_CHOSEN * 4) != !word(r, HEAD_EXPERTS * 4) ||
      word(r, HEAD_HEADS * 4) % word(r, HEAD_KV_HEADS * 4))
    return LP_E_LARGE;
  m->vocab_size = (int)word(r, HEAD_VOCAB * 4), m->d_model = (int)word(r, HEAD_WIDTH * 4);
  m->n_layers = (int)word(r, HEAD_LAYERS * 4), m->n_heads = (int)word(r, HEAD_HEADS * 4);
  m->n_kv_heads = (int)word(r, HEAD_KV_HEADS * 4), m->d_head = (int)word(r, HEAD_D_HEAD * 4);
  m->d_ff = (int)word(r, HEAD_D_FF * 4), m->context = (int)word(r, HEAD_CONTEXT * 4);
  m->centred = (int)word(r, HEAD_CENTRED * 4), m->rotary = (int)word(r, HEAD_ROTARY * 4);
  m->gated = (int)word(r, HEAD_GATED * 4), m->n_experts = (int)word(r, HEAD_EXPERTS * 4);
  m->experts_per_token = (int)word(r, HEAD_CHOSEN * 4), m->activation = (int)word(r, HEAD_ACTIVATION * 4);
  m->norm_eps = number(r, HEAD_EPS * 4), m->attention_scale = number(r, HEAD_SCALE * 4);
  if (!(m->norm_eps > 0 && m->norm_eps < 1) || !(m->attention_scale > 0 && m->attention_scale < 1e6f) ||
      (m->rotary && m->d_head % 2))
    return LP_E_IMAGE;
  experts = m->n_experts ? (size_t)m->n_experts : 1;
  tensors = GLOBALS + (size_t)m->n_layers * (LAYER_TENSORS + EXPERT_TENSORS * experts);
  entries = (size_t)(WORDS + m->n_layers) * 4 + tensors * TENSOR_WORDS * 4;
  if (word(r, HEAD_TENSORS * 4) != tensors || (size_t)word(r, HEAD_WORDS * 4) * 4 != entries || entries > r->size)
    return LP_E_IMAGE;
  r->table = (size_t)(WORDS + m->n_layers) * 4;
  return LP_OK;
}

/* keep: 1 to fill a table of experts, 0 to read them all into one */
static void read_layer(reader *r, const lp_model *m, lp_layer *layer, lp_expert *experts, int index, int keep) {
  int width = m->d_model, heads = m->n_heads * m->d_head, kv = m->n_kv_heads * m->d_head, e;
  int padded = lp_pad(width, LP_LANES), in_rows = m->gated ? 2 * lp_pad(m->d_ff, LP_LANES) : m->d_ff;
  uint32_t window = word(r, (size_t)(WORDS + index) * 4);
  if (window > 1 << 20) r->broken = 1;
  layer->window = (int)window;
  layer->norm1 = vector(r, (uint64_t)padded, 1), layer->norm1_bias = vector(r, (uint64_t)padded, m->centred);
  matrix(r, &layer->qkv, heads + 2 * kv, width, 1);
  layer->qkv_bias = vector(r, (uint64_t)lp_pad(heads + 2 * kv, LP_LANES), 0);
  layer->q_norm = vector(r, (uint64_t)m->d_head, 0), layer->k_norm = vector(r, (uint64_t)m->d_head, 0);
  matrix(r, &layer->o, width, heads, 1);
  layer->o_bias = vector(r, (uint64_t)padded, 0);
  layer->norm2 = vector(r, (uint64_t)padded, 1), layer->norm2_bias = vector(r, (uint64_t)padded, m->centred);
  matrix(r, &layer->router, m->n_experts, width, m->n_experts > 0);
  layer->experts = experts;
  for (e = 0; e < (m->n_experts ? m->n_experts : 1); e++, experts += keep) {
    matrix(r, &experts->in, in_rows, width, 1);
    experts->in_bias = vector(r, (uint64_t)lp_pad(in_rows, LP_LANES), 0);
    matrix(r, &experts->out, width, m->d_ff, 1);
    experts->out_bias = vector(r, (uint64_t)padded, 0);
  }
}

int lp_model_sizes(lp_model *m, const void *image, size_t size) {
  reader r = {(const uint8_t *)image, size, 0, 0};
  return read_head(&r, m);
}

static size_t layer_bytes(const lp_model *m) { return (sizeof(lp_layer) * (size_t)m->n_layers + 63) / 64 * 64; }

size_t lp_model_room(const lp_model *m) {
  size_t experts = (size_t)m->n_layers * (size_t)(m->n_experts ? m->n_experts : 1);
  return layer_bytes(m) + sizeof(lp_expert) * experts;
}

int lp_model_open(lp_model *m, const void *image, size_t size, void *room) {
  reader r = {(const uint8_t *)image, size, 0, 0};
  lp_layer passing_layer;
  lp_expert passing_expert, *experts = room ? (lp_expert *)(void *)((uint8_t *)room + layer_bytes(m)) : &passing_expert;
  int layer, error = read_head(&r, m), each = m->n_experts ? m->n_experts : 1;
  uint64_t positions;
  if (error) return error;
  if ((uintptr_t)image % 64) return LP_E_SETUP;
  m->layers = (lp_layer *)room;
  matrix(&r, &m->embed, m->vocab_size, m->d_model, 1);
  positions = (uint64_t)m->context * (uint64_t)(m->rotary ? m->d_head : lp_pad(m->d_model, LP_LANES));
  m->positions = vector(&r, positions, 1);
  m->norm = vector(&r, (uint64_t)lp_pad(m->d_model, LP_LANES), 1);
  m->norm_bias = vector(&r, (uint64_t)lp_pad(m->d_model, LP_LANES), m->centred);
  matrix(&r, &m->head, m->vocab_size, m->d_model, 0);
  if (m->head.kind == LP_ABSENT) m->head = m->embed;
  for (layer = 0; layer < m->n_layers && !r.broken; layer++, experts += room ? each : 0)
    read_layer(&r, m, room ? &m->layers[layer] : &passing_layer, experts, layer, room != NULL);
  return r.broken ? LP_E_IMAGE : LP_OK;
}
