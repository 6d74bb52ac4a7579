// Package rfc3339 reads and writes times such as 2027-01-31T00:00:00Z. Package
// time does it for every layout, with which it adds 0.1 MB to the wasm.
package rfc3339

import "strconv"

const (
	daySeconds = 24 * 60 * 60
	layout     = "2006-01-02T15:04:05"
)

// Parse returns the Unix seconds of an RFC 3339 time from the years 0 to 9999.
// A fraction of a second is cut off. Leap seconds are refused, as package time
// does.
func Parse(s string) (unix int64, ok bool) {
	if len(s) < len(layout)+1 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	var n [6]int64
	for i, at := range [6]int{0, 5, 8, 11, 14, 17} {
		width := 2
		if i == 0 {
			width = 4
		}
		if n[i], ok = digits(s[at : at+width]); !ok {
			return 0, false
		}
	}
	year, month, day, hour, minute, second := n[0], n[1], n[2], n[3], n[4], n[5]
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	offset, ok := zone(fraction(s[len(layout):]))
	return days(year, month, day)*daySeconds + hour*3600 + minute*60 + second - offset, ok
}

func digits(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// fraction returns s without a decimal fraction at its start.
func fraction(s string) string {
	i := 1
	for s[0] == '.' && i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 1 {
		return s
	}
	return s[i:]
}

// zone reads Z or an offset such as +01:30, in seconds.
func zone(s string) (offset int64, ok bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hour, ok := digits(s[1:3])
	minute, ok2 := digits(s[4:6])
	if offset = hour*3600 + minute*60; s[0] == '-' {
		offset = -offset
	}
	return offset, ok && ok2 && hour <= 23 && minute <= 59
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// days counts the days from 1970-01-01 in the proleptic Gregorian calendar.
// Years begin in March here, which puts the leap day at their end (Howard
// Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
func days(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := floor(year, 400)
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + day - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// Format writes Unix seconds as a time in UTC.
func Format(unix int64) string {
	day := floor(unix, daySeconds)
	year, month, dayOfMonth := civil(day)
	seconds := unix - day*daySeconds
	b := make([]byte, 0, len(layout)+1)
	b = append(padded(b, year, 4), '-')
	b = append(padded(b, month, 2), '-')
	b = append(padded(b, dayOfMonth, 2), 'T')
	b = append(padded(b, seconds/3600, 2), ':')
	b = append(padded(b, seconds/60%60, 2), ':')
	return string(append(padded(b, seconds%60, 2), 'Z'))
}

// civil is the inverse of days (civil_from_days).
func civil(day int64) (year, month, dayOfMonth int64) {
	day += 719468
	era := floor(day, 146097)
	ofEra := day - era*146097
	yearOfEra := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*ofYear + 2) / 153
	year, month, dayOfMonth = era*400+yearOfEra, shifted+3, ofYear-(153*shifted+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, dayOfMonth
}

// floor divides, rounding down also below zero.
func floor(n, by int64) int64 {
	if n < 0 {
		return (n - by + 1) / by
	}
	return n / by
}

func padded(b []byte, n int64, width int) []byte {
	digits := strconv.FormatInt(n, 10)
	for range width - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}
