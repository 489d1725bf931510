#pragma once
// What Swift cannot import of libmicrohttpd: its variadic functions, as functions with a fixed signature, and macros
// that hold a cast. One line of body each where one is enough; no policy.
#include <microhttpd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>

// What CMicroHTTPD_start hands to the variadic MHD_start_daemon. `context` is the first argument of every callback.
struct CMicroHTTPD_options {
    unsigned flags;
    int listen_socket;
    size_t connection_memory_bytes;
    unsigned connections;
    unsigned idle_seconds;
    int strictness;
    void *context;
    MHD_LogCallback log;
    MHD_AcceptPolicyCallback accept;
    MHD_NotifyConnectionCallback connection;
    void *(*target)(void *context, const char *target, struct MHD_Connection *connection);
    MHD_AccessHandlerCallback request;
    MHD_RequestCompletedCallback completed;
};

// An unescape callback that changes nothing: the library's own cuts a path at %00.
static inline size_t CMicroHTTPD_unescape_nothing(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

static inline struct MHD_Daemon *CMicroHTTPD_start(struct CMicroHTTPD_options options) {
    return MHD_start_daemon(
        options.flags, 0, options.accept, options.context, options.request, options.context,
        MHD_OPTION_EXTERNAL_LOGGER, options.log, options.context,
        MHD_OPTION_LISTEN_SOCKET, options.listen_socket,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options.connection_memory_bytes,
        MHD_OPTION_CONNECTION_LIMIT, options.connections,
        MHD_OPTION_CONNECTION_TIMEOUT, options.idle_seconds,
        MHD_OPTION_STRICT_FOR_CLIENT, options.strictness,
        MHD_OPTION_UNESCAPE_CALLBACK, CMicroHTTPD_unescape_nothing, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, options.target, options.context,
        MHD_OPTION_NOTIFY_CONNECTION, options.connection, options.context,
        MHD_OPTION_NOTIFY_COMPLETED, options.completed, options.context,
        MHD_OPTION_END);
}

// MHD_get_connection_info is variadic. Each of these answers NULL or -1 where the library has nothing to tell.
static inline void *CMicroHTTPD_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static inline int CMicroHTTPD_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static inline const struct sockaddr *CMicroHTTPD_client_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

// Macros with casts.
static const uint64_t CMicroHTTPD_size_unknown = MHD_SIZE_UNKNOWN;
static const ssize_t CMicroHTTPD_end_of_stream = MHD_CONTENT_READER_END_OF_STREAM;
static const ssize_t CMicroHTTPD_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;

// prctl is variadic too. Names the calling thread, up to 15 bytes, for ps, top and debuggers.
static inline int CMicroHTTPD_name_thread(const char *name) {
    return prctl(PR_SET_NAME, (unsigned long)name, 0UL, 0UL, 0UL);
}
