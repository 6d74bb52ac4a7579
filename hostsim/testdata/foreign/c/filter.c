// A filter without any SDK: it reads one header, turns it round and puts it on the answer.

typedef unsigned int u32;
typedef unsigned char u8;

#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(proxy_get_header_map_value)
u32 get_header(u32 map, const char *key, u32 key_size, u8 **value, u32 *size);
IMPORT(proxy_add_header_map_value)
u32 add_header(u32 map, const char *key, u32 key_size, const u8 *value, u32 size);
IMPORT(proxy_log)
u32 host_log(u32 level, const char *text, u32 size);

static u8 heap[1 << 16];
static u32 used;
static u8 turned[256];
static u32 turned_size;

EXPORT(proxy_abi_version_0_2_1) void version(void) {}

EXPORT(proxy_on_memory_allocate) void *allocate(u32 size) {
  if (size > sizeof heap) return 0;
  if (used + size > sizeof heap) used = 0;
  u8 *p = heap + used;
  used += (size + 7) & ~7u;
  return p;
}

EXPORT(proxy_on_request_headers) u32 request_headers(u32 id, u32 n, u32 end) {
  u8 *value;
  u32 size;
  turned_size = 0;
  if (get_header(0, "x-word", 6, &value, &size) != 0 || size > sizeof turned) {
    host_log(3, "no word", 7);
    return 0;
  }
  for (u32 i = 0; i < size; i++) turned[i] = value[size - 1 - i];
  turned_size = size;
  return 0;
}

EXPORT(proxy_on_response_headers) u32 response_headers(u32 id, u32 n, u32 end) {
  add_header(2, "x-turned", 8, turned, turned_size);
  return 0;
}
