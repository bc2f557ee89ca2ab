/* A plugin of QEMU 7 (Debian's) that counts instructions by function: cc -shared -fPIC, then qemu -plugin FILE.
   It writes a line "function count" each when the program ends, and is exact: the same program, the same numbers.
   Debian ships no header for plugins, so what is used of it is declared here. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
int qemu_plugin_version = 1;
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*call)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int add, void *to, uint64_t amount);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*call)(plugin_id, void *), void *data);

typedef struct {
  char name[64];
  uint64_t count;
} function;

static function functions[4096]; /* the last one is of all that have no room */
static size_t used = 1;
static const char *output;

/* Where a function's instructions are counted; 0 is of those without a name. */
static uint64_t *count_of(const char *name) {
  size_t i;
  if (!name || !*name) return &functions[0].count;
  for (i = 1; i < used; i++)
    if (!strncmp(functions[i].name, name, sizeof functions[i].name - 1)) return &functions[i].count;
  if (used < sizeof functions / sizeof *functions - 1) used++;
  snprintf(functions[i].name, sizeof functions[i].name, "%s", name);
  return &functions[i].count;
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb) {
  size_t i, n = qemu_plugin_tb_n_insns(tb);
  (void)id;
  for (i = 0; i < n; i++) {
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
    qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, count_of(qemu_plugin_insn_symbol(insn)), 1);
  }
}

static void finish(plugin_id id, void *data) {
  FILE *file = fopen(output, "w");
  size_t i;
  (void)id, (void)data;
  if (!file) return;
  for (i = 0; i <= used; i++)
    if (functions[i].count) fprintf(file, "%s %" PRIu64 "\n", i ? functions[i].name : "-", functions[i].count);
  fclose(file);
}

/* One argument: output=FILE. */
int qemu_plugin_install(plugin_id id, const void *info, int count, char **arguments) {
  (void)info;
  if (count != 1 || strncmp(arguments[0], "output=", 7)) return 1;
  output = strdup(arguments[0] + 7);
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  qemu_plugin_register_atexit_cb(id, finish, NULL);
  return 0;
}
