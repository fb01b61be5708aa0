package mcpserver

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sema4mcp/bridge/exchange"
)

// metrics are the server's own, in a registry of its own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	messages *prometheus.CounterVec
}

func newMetrics(liveRuns, streams func() int) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sema4_mcp_request_duration_seconds", Help: "HTTP requests to MCP endpoints.",
			Buckets: []float64{.001, .005, .025, .1, .5, 1, 5, 15, 60},
		}, []string{"route", "status"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sema4_mcp_calls_total", Help: "JSON-RPC requests, by method.",
		}, []string{"method"}),
	}
	m.registry.MustRegister(m.requests, m.messages, collectors.NewGoCollector(),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sema4_mcp_runs_live", Help: "Runs whose agents are at work."},
			func() float64 { return float64(liveRuns()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sema4_mcp_streams_open", Help: "Streams that clients listen on."},
			func() float64 { return float64(streams()) }))
	return m
}

func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// countedMethods bounds the values of a label that callers choose.
var countedMethods = []string{
	string(mcp.MethodInitialize), string(mcp.MethodServerDiscover), string(mcp.MethodPing), string(mcp.MethodToolsList), string(mcp.MethodToolsCall),
}

func (m *metrics) calls(batch exchange.Batch) {
	for _, message := range batch.Messages {
		if message.Kind != exchange.Request {
			continue
		}
		method := message.Method
		if !slices.Contains(countedMethods, method) {
			method = "other"
		}
		m.messages.WithLabelValues(method).Inc()
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// statusRecorder remembers the status that was written.
type statusRecorder struct {
	http.ResponseWriter
	status  int
	listens bool // it is a stream that lasts until somebody ends it
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
