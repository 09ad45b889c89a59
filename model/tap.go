package model

// Tap is how many pushes of one event and key there were in a part of a time.
type Tap struct {
	Part  int // between which cuts
	Event string
	Key   string
	Count int64
}

// TapEvents are the events that a tap on a menu button pushes. Sending material or articles, opening them and
// opening a parent push none.
var TapEvents = []string{"CLICK", "VIEW", "view_miniprogram", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select"}
