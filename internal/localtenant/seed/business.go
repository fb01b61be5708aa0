package seed

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// row is the values of a table's columns in order.
type row []any

// literals writes the row for SQL.
func (r row) literals() string {
	texts := make([]string, len(r))
	for i, value := range r {
		switch value := value.(type) {
		case int:
			texts[i] = strconv.Itoa(value)
		default:
			texts[i] = "'" + strings.ReplaceAll(fmt.Sprint(value), "'", "''") + "'"
		}
	}
	return strings.Join(texts, ",")
}

// business is the rows of an office supplier that sells on three continents.
// They are the same every time: answers can be checked against them.
type business struct {
	regions, reps, customers, products, orders, lines []row

	random *rand.Rand
	prices []int // in cents, by product
}

var (
	regionNames = []string{"North America", "Europe", "Asia Pacific", "Latin America", "Middle East"}
	// regionShares is how many of a hundred customers are in each region.
	regionShares = []int{34, 29, 19, 11, 7}

	firstNames = []string{"Amara", "Björn", "Chiara", "Diego", "Elif", "Farid", "Grace", "Hana", "Ivan", "Jasmin", "Kofi", "Léa"}
	lastNames  = []string{"Okafor", "Lindqvist", "Moretti", "Fuentes", "Demir", "Haddad", "Whitfield", "Sato", "Petrov", "Novák", "Mensah", "Girard"}

	companyFirst  = []string{"Alder", "Basalt", "Cobalt", "Drift", "Ember", "Fjord", "Granite", "Harbor", "Iris", "Juniper", "Kestrel", "Lumen"}
	companySecond = []string{"& Sons", "Analytics", "Clinics", "Design", "Energy", "Foods", "Hotels", "Labs", "Logistics", "Partners"}
)

var catalogue = []struct {
	category string
	products []string
	low      int // the cheapest, in cents
	step     int
}{
	{"Furniture", []string{"Arc Desk", "Birch Shelf", "Corner Table", "Dune Chair", "Easel Stand", "Focus Booth", "Glide Stool", "Hush Panel"}, 8900, 13750},
	{"Lighting", []string{"Aura Lamp", "Beam Light", "Candle Strip", "Dawn Bulb", "Echo Lantern", "Flare Spot"}, 1295, 2465},
	{"Paper", []string{"Archive Folder", "Blank Pad", "Copy Ream", "Draft Roll", "Envelope Box", "File Divider"}, 349, 275},
	{"Technology", []string{"Anchor Dock", "Bright Monitor", "Clear Webcam", "Deep Headset", "Easy Keyboard", "Fast Scanner", "Great Printer"}, 4999, 9470},
	{"Writing", []string{"Amber Pen", "Brush Set", "Chalk Box", "Dot Marker", "Edge Pencil"}, 199, 315},
}

const (
	customerCount = 120
	idleCustomers = 8 // of them have never ordered
	repCount      = 12
)

var (
	firstDay = time.Date(2024, time.January, 2, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(2026, time.June, 30, 0, 0, 0, 0, time.UTC)
)

func newBusiness() *business {
	b := &business{random: rand.New(rand.NewPCG(2024, 2026))}
	b.hire()
	b.stock()
	b.meetCustomers()
	orderID := 0
	for day := firstDay; !day.After(lastDay); day = day.AddDate(0, 0, 1) {
		for range b.ordersOn(day) {
			orderID++
			b.sell(orderID, day)
		}
	}
	return b
}

func (b *business) hire() {
	for i, name := range regionNames {
		b.regions = append(b.regions, row{i + 1, name})
	}
	for i := range repCount {
		name := firstNames[i] + " " + lastNames[i]
		b.reps = append(b.reps, row{i + 1, name, i%len(regionNames) + 1})
	}
}

func (b *business) stock() {
	for _, line := range catalogue {
		for i, name := range line.products {
			price := line.low + i*line.step
			b.prices = append(b.prices, price)
			b.products = append(b.products, row{len(b.prices), name, line.category, price})
		}
	}
}

func (b *business) meetCustomers() {
	for i := range customerCount {
		name := companyFirst[i%len(companyFirst)] + " " + companySecond[i/len(companyFirst)]
		since := firstDay.AddDate(0, 0, -b.random.IntN(2000))
		b.customers = append(b.customers, row{i + 1, name, b.regionID(), since.Format(time.DateOnly)})
	}
}

func (b *business) regionID() int {
	n := b.random.IntN(100)
	for i, share := range regionShares {
		if n -= share; n < 0 {
			return i + 1
		}
	}
	panic(fmt.Sprintf("seed: shares of regions end %d short of 100", n+1))
}

// ordersOn is how many orders come on a day: few at weekends, most in November
// and December, a little more every year.
func (b *business) ordersOn(day time.Time) int {
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		return b.random.IntN(2)
	}
	most := 4 + day.Year() - firstDay.Year()
	if day.Month() >= time.November {
		most += 3
	}
	return 1 + b.random.IntN(most)
}

// sell records an order. Customers with low numbers order more often.
func (b *business) sell(orderID int, day time.Time) {
	active := customerCount - idleCustomers
	customer := min(b.random.IntN(active), b.random.IntN(active))
	region := b.customers[customer][2].(int)
	rep := region + len(regionNames)*b.random.IntN(repCount)
	for rep > repCount {
		rep -= len(regionNames)
	}
	b.orders = append(b.orders, row{orderID, customer + 1, max(rep, 1), day.Format(time.DateOnly)})
	for line := range 1 + b.random.IntN(4) {
		b.lines = append(b.lines, b.orderLine(orderID, line+1))
	}
}

func (b *business) orderLine(orderID, line int) row {
	product := b.random.IntN(len(b.prices))
	quantity := 1 + b.random.IntN(12)
	discount := 5 * b.random.IntN(4) // percent
	price := b.prices[product] * (100 - discount) / 100
	returned := 0
	if b.random.IntN(14) == 0 {
		returned = 1 + b.random.IntN(quantity)
	}
	return row{orderID, line, product + 1, quantity, price, returned}
}
